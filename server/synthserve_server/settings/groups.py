"""The settings, in groups.

Each setting is written once, here. Its flag, variable, key in the TOML file, help and row in docs/settings.md are
generated from its name, its type, its default and the text below it.
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
    """The limits of one caller that differ from those of every caller; "unlimited" removes a limit."""

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
    """Settings that belong together, under a title."""

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
    """With model_control_mode poll: the time between two checks of the repository."""
    load_model: Names = ()
    """With model_control_mode explicit: a model to load at the start; * alone means all."""
    max_manifest_bytes: Bytes = 32 << 20
    """The most bytes of a manifest."""
    max_graph_bytes: Bytes = 1 << 30
    """The most bytes of a graph."""
    warm_up_seconds: SomeSeconds = 60.0
    """The longest that the first run of a model, for two samples, may take."""


class ConnectionSettings(Group):
    """Where the server listens, and what it serves there."""

    title = "Connections"

    listen: HostAndPort = "127.0.0.1:50051"
    """Where to listen, as HOST:PORT; port 0 chooses a free one."""
    reflection: bool = True
    """Whether to offer server reflection, which lists the services to clients."""
    oip: bool = True
    """Whether to serve the raw graphs by the Open Inference Protocol."""
    max_connection_age_seconds: SomeSeconds | None = None
    """The age at which a connection asks its client to reconnect; its streams may then continue for grace_seconds.
    Unset: no limit."""
    drain_delay_seconds: Seconds = 0.0
    """How long to accept calls after SIGTERM, while health reports NOT_SERVING to load balancers."""
    grace_seconds: Seconds = 30.0
    """How long running streams may continue after SIGTERM and drain_delay_seconds."""


class SecuritySettings(Group):
    """Who may call."""

    title = "Security"

    insecure: bool = False
    """Whether to listen without TLS where other machines can connect."""
    tls_certificate: FilePath | None = None
    """The server's certificate and the intermediate ones up to its authority, PEM. Reloaded when it changes."""
    tls_key: FilePath | None = None
    """The certificate's private key, PEM."""
    tls_client_ca: FilePath | None = None
    """The authorities of accepted client certificates, PEM; unset: clients need no certificate."""
    token_file: FilePath | None = None
    """The callers' names and the SHA-256 of their bearer tokens; unset: no token is required. Reloaded when it
    changes."""
    admin_certificate: Names = ()
    """The common name of client certificates whose owners may load and unload models."""
    local_admin: bool = False
    """Whether any caller may load and unload models, without authentication and only from this machine."""
    jwks: KeySet = None
    """The keys of the issuer of accepted signed tokens (JWT): a file, which is reloaded when it changes, or an https
    URL."""
    jwt_issuer: Name | None = None
    """The issuer of signed tokens: their claim iss."""
    jwt_audience: Name | None = None
    """The audience of signed tokens: their claim aud."""
    jwt_name_claim: Name = "sub"
    """The claim of a signed token that names the caller."""
    jwt_roles_claim: Name = "roles"
    """The claim of a signed token that lists the caller's roles; a.b is b within a."""
    jwks_refresh_seconds: Annotated[Seconds, Field(ge=1)] = 300.0
    """How often to fetch keys from a URL again."""


class LimitSettings(Group):
    """Limits on callers."""

    title = "Limits"

    max_count: Count | None = None
    """The most samples that one call may request; unset: no limit."""
    max_streams: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    """The most streams of all callers at once."""
    max_streams_per_caller: Count | None = None
    """The most streams of one caller at once; unset: no limit."""
    rows_per_second: Rate | None = None
    """The most rows per second of all callers together; unset: no limit."""
    images_per_second: Rate | None = None
    """The most images per second of all callers together; unset: no limit."""
    rows_per_second_per_caller: Rate | None = None
    """The most rows per second of one caller; unset: no limit."""
    images_per_second_per_caller: Rate | None = None
    """The most images per second of one caller; unset: no limit."""
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
    """How many processes encode images; they start with the first images. 0: the workers encode them."""


class TelemetrySettings(Group):
    """Logs, metrics, traces and messages."""

    title = "Telemetry"

    log_format: Literal["text", "json"] = "text"
    """The format of log lines."""
    metrics_listen: HostAndPort | None = None
    """Where Prometheus reads metrics over HTTP, as HOST:PORT; unset: no metrics."""
    metrics_insecure: bool = False
    """Whether to expose metrics where other machines can connect: as plain text, without authentication."""
    otlp_endpoint: Collector | None = None
    """The URL of the collector of traces, OTLP over gRPC; unset: the value of OTEL_EXPORTER_OTLP_ENDPOINT."""
    hints: Annotated[bool | None, DefaultText("when standard output is a terminal")] = None
    """Whether to print commands to try once the server is ready."""
    client_command: str = "synthserve"
    """The name of the client command in the hints."""
    port_file: WritableFile | None = None
    """A file that the server writes its port to once it is ready."""


GROUPS: tuple[type[Group], ...] = (
    ModelSettings,
    ConnectionSettings,
    SecuritySettings,
    LimitSettings,
    ComputeSettings,
    TelemetrySettings,
)
"""All groups, in the order in which they are shown."""
