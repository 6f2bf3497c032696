"""Settings: flags before environment before a TOML file."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, DirectoryPath, Field, FilePath, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from synthserve_core.contract.names import MODEL_FORM, MODEL_ID
from synthserve_core.system.cores import available_cores
from synthserve_server.models.control import Mode
from synthserve_server.settings import addresses
from synthserve_server.settings.file import SettingsFile
from synthserve_server.settings.types import (
    Bytes,
    Collector,
    Count,
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

ALL_MODELS = "*"

ENVIRONMENT_PREFIX = "SYNTHSERVE_"
"""What the variables begin with. An empty one is as one that is not there."""


class CallerLimits(BaseModel):
    """What one caller may do, where it differs from what every caller may; "unlimited" takes a limit away."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_streams: Count | Literal["unlimited"] | None = None
    """Streams at once."""
    max_count: Count | Literal["unlimited"] | None = None
    """Samples per call."""
    rows_per_second: Rate | Literal["unlimited"] | None = None
    """Rows of all its streams together."""
    images_per_second: Rate | Literal["unlimited"] | None = None
    """Images of all its streams together."""


class Settings(BaseSettings):
    """What the server can be told. Each has a flag and an environment variable, `SYNTHSERVE_` and its name."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    config: FilePath | None = None
    """A TOML file with settings."""
    model_repository: Annotated[DirectoryPath, Readable]
    """The folder that holds the model packages."""
    model_control_mode: Mode = Mode.NONE
    """Who decides which models are served: the repository at the start, the repository at any time, or calls."""
    repository_poll_seconds: SomeSeconds = 15.0
    """With model_control_mode poll: the time between two looks at the repository."""
    load_model: Names = ()
    """With model_control_mode explicit: the models to load at the start; * alone means all."""
    max_manifest_bytes: Bytes = 32 << 20
    """The largest manifest that is read."""
    max_graph_bytes: Bytes = 1 << 30
    """The largest graph that is read."""
    warm_up_seconds: SomeSeconds = 60.0
    """How long the first run of a model, for two samples, may take."""
    listen: HostAndPort = "127.0.0.1:50051"
    """Where to listen, as HOST:PORT; port 0 takes a free one."""
    insecure: bool = False
    """Whether to listen without TLS where others than this machine can connect."""
    tls_certificate: FilePath | None = None
    """The server's certificate and those between it and its authority, PEM. Read again when it changes."""
    tls_key: FilePath | None = None
    """The certificate's private key, PEM."""
    tls_client_ca: FilePath | None = None
    """The authorities whose clients are accepted, PEM; unset: clients need no certificate."""
    token_file: FilePath | None = None
    """Names and SHA-256 of the bearer tokens that may call; unset: anybody may. Read again when it changes."""
    admin_certificate: Names = ()
    """The common names of the client certificates whose owners may load and unload models."""
    local_admin: bool = False
    """Whether anybody may load and unload models, where there is no authentication and only this machine can call."""
    jwks: KeySet = None
    """The keys of the issuer whose signed tokens (JWT) may call: a file that is read again, or an https URL."""
    jwt_issuer: Name | None = None
    """Who must have issued a signed token: its claim `iss`."""
    jwt_audience: Name | None = None
    """Whom a signed token must be for: its claim `aud`."""
    jwt_name_claim: Name = "sub"
    """The claim of a signed token that names the caller."""
    jwt_roles_claim: Name = "roles"
    """The claim of a signed token that lists the caller's roles; `a.b` is `b` within `a`."""
    jwks_refresh_seconds: Annotated[Seconds, Field(ge=1)] = 300.0
    """How often keys that have an address are fetched again."""
    reflection: bool = True
    """Whether clients can ask what services there are."""
    oip: bool = True
    """Whether the raw graphs are served by the Open Inference Protocol."""
    workers: Workers = Field(default_factory=available_cores)
    """How many threads compute."""
    drain_delay_seconds: Seconds = 0.0
    """How long calls are still taken after SIGTERM, while health says NOT_SERVING and load balancers find that out."""
    grace_seconds: Seconds = 30.0
    """How long running streams may go on after that."""
    max_count: Count | None = None
    """The most samples that one call may ask for; unset: no limit."""
    max_streams: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    """The most streams at once; those of all callers together."""
    max_streams_per_caller: Count | None = None
    """The most streams of one caller at once; unset: no limit."""
    rows_per_second: Rate | None = None
    """How fast the streams of all callers are together; unset: no limit."""
    images_per_second: Rate | None = None
    """How fast the streams of all callers are together; unset: no limit."""
    rows_per_second_per_caller: Rate | None = None
    """How fast the streams of one caller are together; unset: no limit."""
    images_per_second_per_caller: Rate | None = None
    """How fast the streams of one caller are together; unset: no limit."""
    limits: dict[PrintableText, CallerLimits] = Field(default_factory=dict)
    """Limits of single callers, by name: `[limits.NAME]` in the TOML file."""
    max_connection_age_seconds: SomeSeconds | None = None
    """After how long clients are asked to connect anew; their streams have `grace_seconds` then. Unset: never."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d{1,3}(,\d{1,3})*)?)$")] = "auto"
    """Where graphs run: `cuda:0,1` shares the work between two GPUs; auto: graphs of at least 1 MiB on the first GPU,
    where there is one."""
    encoding_processes: Processes | None = None
    """How many processes encode images, started with the first ones; 0: the workers do; unset: one per core where there
    is a GPU to run graphs on, else 0."""
    log_format: Literal["text", "json"] = "text"
    """How log lines are written."""
    metrics_listen: HostAndPort | None = None
    """Where Prometheus reads metrics, over HTTP, as HOST:PORT; unset: nothing is counted."""
    metrics_insecure: bool = False
    """Whether to show metrics where others than this machine can connect: they go in plain text, to anybody."""
    otlp_endpoint: Collector | None = None
    """The URL of the collector that gets traces, OTLP over gRPC; unset: what OTEL_EXPORTER_OTLP_ENDPOINT says."""
    hints: bool | None = None
    """Whether to print commands to try once the server is ready; unset: when standard output is a terminal."""
    client_command: str = "synthserve"
    """How the client is called in the hints."""
    port_file: WritableFile | None = None
    """A file to write the port to once the server is ready."""

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise PydanticCustomError("tls", "tls_certificate and tls_key go together")
        if self.tls_client_ca and not self.tls_certificate:
            raise PydanticCustomError("tls", "tls_client_ca is of no use without tls_certificate and tls_key")
        if self.admin_certificate and not self.tls_client_ca:
            raise PydanticCustomError("admin", "admin_certificate is of no use without tls_client_ca")
        if len({self.jwks is None, self.jwt_issuer is None, self.jwt_audience is None}) > 1:
            raise PydanticCustomError("jwt", "jwks, jwt_issuer and jwt_audience go together")
        if not (self.tls_certificate or self.insecure or self.address.is_loopback):
            raise PydanticCustomError(
                "exposed",
                "{listen} can be reached from elsewhere, and is not secured: set tls_certificate and tls_key, or "
                "insecure where something else secures it",
                {"listen": self.listen},
            )
        if self.metrics_address and not (self.metrics_insecure or self.metrics_address.is_loopback):
            raise PydanticCustomError(
                "exposed",
                "{listen} can be reached from elsewhere, and metrics are not secured: set metrics_insecure if that is "
                "meant",
                {"listen": self.metrics_listen},
            )
        return self

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.load_model and self.model_control_mode is not Mode.EXPLICIT:
            raise PydanticCustomError("control", "load_model is of no use without model_control_mode explicit")
        if self.load_model != (ALL_MODELS,) and not all(map(MODEL_ID.fullmatch, self.load_model)):
            raise PydanticCustomError(
                "control", "load_model must be * alone, or names of models: {form}", {"form": MODEL_FORM}
            )
        if self.local_admin and (self.token_file or self.jwks or self.tls_client_ca or not self.address.is_loopback):
            raise PydanticCustomError(
                "admin", "local_admin is for servers without authentication that only this machine can call"
            )
        return self

    @property
    def address(self) -> addresses.Address:
        """Where to listen."""
        return addresses.parse(self.listen)

    @property
    def metrics_address(self) -> addresses.Address | None:
        """Where Prometheus reads metrics; None: nowhere."""
        return addresses.parse(self.metrics_listen) if self.metrics_listen else None

    @property
    def models_at_start(self) -> tuple[str, ...] | None:
        """The models to load at the start; None: all."""
        everything = self.model_control_mode is not Mode.EXPLICIT or self.load_model == (ALL_MODELS,)
        return None if everything else self.load_model

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Puts the TOML file, where one is named, under the environment."""
        file = init_settings().get("config") or env_settings().get("config")
        return init_settings, env_settings, SettingsFile(settings_cls, file)


def load(flags: dict[str, Any]) -> Settings:
    """Gathers the settings.

    Args:
        flags: The flags that were given, by setting.

    Raises:
        pydantic.ValidationError: A setting is missing, not known or not allowed.
        ValueError: The file is not TOML.
    """
    return Settings(**flags)
