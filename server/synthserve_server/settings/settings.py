"""The settings of the server: flags override the environment, which overrides a TOML file."""

from typing import Any, Self

from pydantic import FilePath, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from synthserve_core.contract.names import MODEL_FORM, MODEL_ID
from synthserve_server.models.control import Mode
from synthserve_server.settings import addresses
from synthserve_server.settings.file import SettingsFile
from synthserve_server.settings.groups import (
    ComputeSettings,
    ConnectionSettings,
    LimitSettings,
    ModelSettings,
    SecuritySettings,
    TelemetrySettings,
)

ALL_MODELS = "*"

ENVIRONMENT_PREFIX = "SYNTHSERVE_"
"""The prefix of the variables. An empty variable counts as unset."""


class _Sources(BaseSettings):
    """Settings from flags, the environment and a TOML file."""

    model_config = SettingsConfigDict(use_attribute_docstrings=True)

    config: FilePath | None = None
    """A TOML file with settings."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Adds the TOML file, if one is named, below the environment."""
        file = init_settings().get("config") or env_settings().get("config")
        return init_settings, env_settings, SettingsFile(settings_cls, file)


class ProbedSettings(SecuritySettings, ConnectionSettings, _Sources):
    """The settings that a probe needs to connect to the server; others are ignored."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    @property
    def address(self) -> addresses.Address:
        """Where to listen."""
        return addresses.parse(self.listen)


class Settings(
    TelemetrySettings, ComputeSettings, LimitSettings, SecuritySettings, ConnectionSettings, ModelSettings, _Sources
):
    """All settings of the server; see `groups`."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise PydanticCustomError("tls", "tls_certificate and tls_key must be set together")
        if self.tls_client_ca and not self.tls_certificate:
            raise PydanticCustomError("tls", "tls_client_ca requires tls_certificate and tls_key")
        if self.admin_certificate and not self.tls_client_ca:
            raise PydanticCustomError("admin", "admin_certificate requires tls_client_ca")
        if len({self.jwks is None, self.jwt_issuer is None, self.jwt_audience is None}) > 1:
            raise PydanticCustomError("jwt", "jwks, jwt_issuer and jwt_audience must be set together")
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
            raise PydanticCustomError("control", "load_model requires model_control_mode explicit")
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


def load(flags: dict[str, Any]) -> Settings:
    """Gathers the settings.

    Args:
        flags: The values of flags, by setting.

    Raises:
        pydantic.ValidationError: A setting is missing, unknown or invalid.
        ValueError: The file is not TOML.
    """
    return Settings(**flags)
