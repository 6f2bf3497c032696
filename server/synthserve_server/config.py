"""Settings: flags before environment before a TOML file."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    DirectoryPath,
    Field,
    FilePath,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from synthserve_server.model_control import Mode
from synthserve_server.names import MODEL_ID

_VISIBLE = re.compile(r"[!-~]+")


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _address(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise PydanticCustomError("address", "must be HOST:PORT")
    return listen


def _collector(endpoint: str) -> str:
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname or "@" in url.netloc:
        raise PydanticCustomError("collector", "must be http://HOST:PORT, or https://HOST:PORT for TLS")
    return endpoint


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _key_set(place: Any) -> Any:  # noqa: ANN401 - whatever a source gives
    """A file as a path, an address as text."""
    if not isinstance(place, str):
        return place
    if "://" not in place:
        if not Path(place).is_file():
            raise PydanticCustomError("file", "there is no file {file}", {"file": place})
        return Path(place)
    bad = PydanticCustomError("address", "must be an address with a host, and without a user or a password")
    try:
        parts = urlsplit(place)
        host, _ = parts.hostname or "", parts.port  # it raises where the port is no number
    except ValueError:
        raise bad from None
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise PydanticCustomError("address", "must be a file or an https address; http is for this machine only")
    if not host or "@" in parts.netloc or not _VISIBLE.fullmatch(place):
        raise bad
    return place


def _readable(folder: Path) -> Path:
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise PydanticCustomError("folder", "cannot be read: {why}", {"why": error.strerror}) from None
    return folder


def _writable_file(file: Path) -> Path:
    if not file.parent.is_dir():
        raise PydanticCustomError("file", "there is no folder {folder}", {"folder": str(file.parent)})
    if file.is_dir():
        raise PydanticCustomError("file", "must be a file, not a folder")
    return file


def _split(value: Any) -> Any:  # noqa: ANN401 - whatever a source gives
    """Lets the environment name several: a,b."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]

ALL_MODELS = "*"

_Name = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(ge=0.001, allow_inf_nan=False)]


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

    model_config = SettingsConfigDict(env_prefix="SYNTHSERVE_", frozen=True, extra="forbid")

    config: FilePath | None = None
    """A TOML file with settings."""
    model_repository: Annotated[DirectoryPath, AfterValidator(_readable)]
    """The folder that holds the model packages."""
    model_control_mode: Mode = Mode.NONE
    """Who decides which models are served: the repository at the start, the repository at any time, or calls."""
    repository_poll_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 15.0
    """With model_control_mode poll: the time between two looks at the repository."""
    load_model: Names = ()
    """With model_control_mode explicit: the models to load at the start; * alone means all."""
    max_manifest_bytes: Annotated[int, Field(ge=1)] = 4 << 20
    """The largest manifest that is read."""
    max_graph_bytes: Annotated[int, Field(ge=1)] = 1 << 30
    """The largest graph that is read."""
    warm_up_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 60.0
    """How long the first run of a model, for two samples, may take."""
    listen: Annotated[str, AfterValidator(_address)] = "127.0.0.1:50051"
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
    jwks: Annotated[Path | str | None, BeforeValidator(_key_set)] = None
    """The keys of the issuer whose signed tokens (JWT) may call: a file that is read again, or an https URL."""
    jwt_issuer: _Name | None = None
    """Who must have issued a signed token: its claim `iss`."""
    jwt_audience: _Name | None = None
    """Whom a signed token must be for: its claim `aud`."""
    jwt_name_claim: _Name = "sub"
    """The claim of a signed token that names the caller."""
    jwt_roles_claim: _Name = "roles"
    """The claim of a signed token that lists the caller's roles; `a.b` is `b` within `a`."""
    jwks_refresh_seconds: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 300.0
    """How often keys that have an address are fetched again."""
    reflection: bool = True
    """Whether clients can ask what services there are."""
    oip: bool = True
    """Whether the raw graphs are served by the Open Inference Protocol."""
    workers: Annotated[int, Field(ge=1)] = Field(default_factory=available_cores)
    """How many threads compute."""
    drain_delay_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """How long calls are still taken after SIGTERM, while health says NOT_SERVING and load balancers find that out."""
    grace_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0
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
    limits: dict[str, CallerLimits] = Field(default_factory=dict)
    """Limits of single callers, by name: `[limits.NAME]` in the TOML file."""
    max_connection_age_seconds: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    """After how long clients are asked to connect anew; their streams have `grace_seconds` then. Unset: never."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d{1,3}(,\d{1,3})*)?)$")] = "auto"
    """Where graphs run: `cuda:0,1` shares the work between two GPUs; auto: graphs of at least 1 MiB on the first GPU,
    where there is one."""
    encoding_processes: Annotated[int, Field(ge=0)] | None = None
    """How many processes encode images, started with the first ones; 0: the workers do; unset: one per core where there
    is a GPU to run graphs on, else 0."""
    log_format: Literal["text", "json"] = "text"
    """How log lines are written."""
    metrics_listen: Annotated[str, AfterValidator(_address)] | None = None
    """Where Prometheus reads metrics, over HTTP, as HOST:PORT; unset: nothing is counted."""
    metrics_insecure: bool = False
    """Whether to show metrics where others than this machine can connect: they go in plain text, to anybody."""
    otlp_endpoint: Annotated[str, AfterValidator(_collector)] | None = None
    """The URL of the collector that gets traces, OTLP over gRPC; unset: what OTEL_EXPORTER_OTLP_ENDPOINT says."""
    hints: bool | None = None
    """Whether to print commands to try once the server is ready; unset: when standard output is a terminal."""
    client_command: str = "synthserve"
    """How the client is called in the hints."""
    port_file: Annotated[Path, AfterValidator(_writable_file)] | None = None
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
        if not (self.tls_certificate or self.insecure or _is_loopback(self.listen.rpartition(":")[0])):
            raise PydanticCustomError(
                "exposed",
                "{listen} can be reached from elsewhere, and is not secured: set tls_certificate and tls_key, or "
                "insecure where something else secures it",
                {"listen": self.listen},
            )
        if (
            self.metrics_listen
            and not self.metrics_insecure
            and not _is_loopback(self.metrics_listen.rpartition(":")[0])
        ):
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
            raise PydanticCustomError("control", "load_model must be * alone, or names of models")
        if self.local_admin and (
            self.token_file or self.jwks or self.tls_client_ca or not _is_loopback(self.listen.rpartition(":")[0])
        ):
            raise PydanticCustomError(
                "admin", "local_admin is for servers without authentication that only this machine can call"
            )
        return self

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
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)


def load(flags: dict[str, Any]) -> Settings:
    """Gathers the settings.

    Args:
        flags: The flags that were given, by setting.

    Raises:
        pydantic.ValidationError: A setting is missing, not known or not allowed.
        ValueError: The file is not TOML.
    """
    return Settings(**flags)
