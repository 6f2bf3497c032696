"""The settings, in groups.

A setting is written once, here: its flag, its variable, its key in the TOML file, its help and its row in
docs/settings.md are made of its name, its type, its default and the text below it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, DirectoryPath, Field, FilePath

from synthserve_core.system.cores import available_cores
from synthserve_server.models.control import Mode
from synthserve_server.settings.types import (
    Bytes,
    Collector,
    Count,
    DefaultText,
    HostAndPort,
    KeySet,
    Name,
    Names,
    PrintableText,
    Processes,
    Rate,
    Readable,
    Seconds,
    SomeSeconds,
    Workers,
    WritableFile,
)


class CallerLimits(BaseModel):
    """What one caller may do, where it differs from what every caller may; "unlimited" takes a limit away."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_streams: Count | Literal["unlimited"] | None = None
    """Streams at once."""
    max_count: Count | Literal["unlimited"] | None = None
    """Samples per call."""
    rows_per_second: Rate | Literal["unlimited"] | None = None
    """Rows of all its streams together."""
    images_per_second: Rate | Literal["unlimited"] | None = None
    """Images of all its streams together."""


class Group(BaseModel):
    """Settings that belong together; the first line of the docstring is their title."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    title: ClassVar[str]


class ModelSettings(Group):
    """Which models are served."""

    title = "Models"

    model_repository: Annotated[DirectoryPath, Readable]
    """The folder that holds the model packages."""
    model_control_mode: Mode = Mode.NONE
    """What decides which models are served: the repository at the start (none), the repository at any time (poll), or
    calls (explicit)."""
    repository_poll_seconds: SomeSeconds = 15.0
    """With model_control_mode poll: the time between two looks at the repository."""
    load_model: Names = ()
    """With model_control_mode explicit: a model to load at the start; * alone means all."""
    max_manifest_bytes: Bytes = 32 << 20
    """The largest manifest that is read."""
    max_graph_bytes: Bytes = 1 << 30
    """The largest graph that is read."""
    warm_up_seconds: SomeSeconds = 60.0
    """How long the first run of a model, for two samples, may take."""


class ConnectionSettings(Group):
    """Where the server listens, and what it serves there."""

    title = "Connections"

    listen: HostAndPort = "127.0.0.1:50051"
    """Where to listen, as HOST:PORT; port 0 takes a free one."""
    reflection: bool = True
    """Whether clients can ask which services there are."""
    oip: bool = True
    """Whether the raw graphs are served by the Open Inference Protocol."""
    max_connection_age_seconds: SomeSeconds | None = None
    """After how long clients are asked to connect anew; their streams have grace_seconds then. Unset: never."""
    drain_delay_seconds: Seconds = 0.0
    """How long calls are still taken after SIGTERM, while health says NOT_SERVING and load balancers find that out."""
    grace_seconds: Seconds = 30.0
    """How long running streams may go on after SIGTERM and drain_delay_seconds."""


class SecuritySettings(Group):
    """Who may call."""

    title = "Security"

    insecure: bool = False
    """Whether to listen without TLS where other machines can connect."""
    tls_certificate: FilePath | None = None
    """The server's certificate and those between it and its authority, PEM. Read again when it changes."""
    tls_key: FilePath | None = None
    """The certificate's private key, PEM."""
    tls_client_ca: FilePath | None = None
    """The authorities whose clients are accepted, PEM; unset: clients need no certificate."""
    token_file: FilePath | None = None
    """Names and SHA-256 of the bearer tokens that may call; unset: anybody may. Read again when it changes."""
    admin_certificate: Names = ()
    """The common name of client certificates whose owners may load and unload models."""
    local_admin: bool = False
    """Whether anybody may load and unload models, where there is no authentication and only this machine can call."""
    jwks: KeySet = None
    """The keys of the issuer whose signed tokens (JWT) may call: a file that is read again, or an https URL."""
    jwt_issuer: Name | None = None
    """The issuer of signed tokens: their claim iss."""
    jwt_audience: Name | None = None
    """The audience of signed tokens: their claim aud."""
    jwt_name_claim: Name = "sub"
    """The claim of a signed token that names the caller."""
    jwt_roles_claim: Name = "roles"
    """The claim of a signed token that lists the caller's roles; a.b is b within a."""
    jwks_refresh_seconds: Annotated[Seconds, Field(ge=1)] = 300.0
    """How often keys that have an address are fetched again."""


class LimitSettings(Group):
    """How much callers may ask for."""

    title = "Limits"

    max_count: Count | None = None
    """The most samples that one call may ask for; unset: no limit."""
    max_streams: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    """The most streams at once; those of all callers together."""
    max_streams_per_caller: Count | None = None
    """The most streams of one caller at once; unset: no limit."""
    rows_per_second: Rate | None = None
    """How many rows all callers get together; unset: no limit."""
    images_per_second: Rate | None = None
    """How many images all callers get together; unset: no limit."""
    rows_per_second_per_caller: Rate | None = None
    """How many rows one caller gets; unset: no limit."""
    images_per_second_per_caller: Rate | None = None
    """How many images one caller gets; unset: no limit."""
    limits: dict[PrintableText, CallerLimits] = Field(default_factory=dict)
    """Limits of single callers, by name: [limits.NAME] in the TOML file."""


class ComputeSettings(Group):
    """Where and with how many threads the server computes."""

    title = "Computing"

    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d{1,3}(,\d{1,3})*)?)$")] = "auto"
    """Where graphs run: auto, cpu, cuda or cuda:0,1, which shares the work between two GPUs; auto: graphs of at least
    1 MiB on the first GPU, where there is one."""
    workers: Annotated[Workers, DefaultText("one per core")] = Field(default_factory=available_cores)
    """How many threads compute."""
    encoding_processes: Annotated[Processes | None, DefaultText("one per core with a GPU, else 0")] = None
    """How many processes encode images, started with the first ones; 0: the workers do."""


class TelemetrySettings(Group):
    """What the server tells about itself."""

    title = "Telemetry"

    log_format: Literal["text", "json"] = "text"
    """How log lines are written."""
    metrics_listen: HostAndPort | None = None
    """Where Prometheus reads metrics, over HTTP, as HOST:PORT; unset: nothing is counted."""
    metrics_insecure: bool = False
    """Whether to show metrics where other machines can connect: they are plain text, for anybody."""
    otlp_endpoint: Collector | None = None
    """The URL of the collector that gets traces, OTLP over gRPC; unset: what OTEL_EXPORTER_OTLP_ENDPOINT says."""
    hints: Annotated[bool | None, DefaultText("when standard output is a terminal")] = None
    """Whether to print commands to try once the server is ready."""
    client_command: str = "synthserve"
    """How the client is called in the hints."""
    port_file: WritableFile | None = None
    """A file to write the port to once the server is ready."""


GROUPS: tuple[type[Group], ...] = (
    ModelSettings,
    ConnectionSettings,
    SecuritySettings,
    LimitSettings,
    ComputeSettings,
    TelemetrySettings,
)
"""All groups, in the order in which they are shown."""
