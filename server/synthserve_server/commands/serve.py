"""The command `synthserve-server`."""

import asyncio
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import structlog
import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from synthserve_core.system import signals, standard_streams
from synthserve_server.settings import problems
from synthserve_server.settings import settings as config
from synthserve_server.system import protobuf
from synthserve_server.system.listening import ListenError
from synthserve_server.telemetry.log_writer import LogWriter

if TYPE_CHECKING:
    from synthserve_server.app import Ready

_log = structlog.get_logger()

BAD_SETTINGS = 2
FAILED = 1


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"synthserve-server {version('synthserve-server')}")
        raise typer.Exit


def serve(
    config_file: Annotated[Path | None, typer.Option("--config", help="A TOML file with settings.")] = None,
    model_repository: Annotated[Path | None, typer.Option(help="The folder that holds the model packages.")] = None,
    model_control_mode: Annotated[
        str | None,
        typer.Option(
            help="Who decides which models are served: the repository at the start (none), the repository at any time "
            "(poll), or calls (explicit). [none]"
        ),
    ] = None,
    repository_poll_seconds: Annotated[
        float | None, typer.Option(help="With poll: the time between two looks. [15]")
    ] = None,
    load_model: Annotated[
        list[str] | None,
        typer.Option(help="With explicit: a model to load at the start; can be repeated; * alone means all."),
    ] = None,
    max_manifest_bytes: Annotated[int | None, typer.Option(help="The largest manifest that is read. [4 MiB]")] = None,
    max_graph_bytes: Annotated[int | None, typer.Option(help="The largest graph that is read. [1 GiB]")] = None,
    warm_up_seconds: Annotated[
        float | None, typer.Option(help="How long the first run of a model may take. [60]")
    ] = None,
    listen: Annotated[str | None, typer.Option(help="HOST:PORT; port 0 takes a free one. [127.0.0.1:50051]")] = None,
    insecure: Annotated[
        bool | None, typer.Option("--insecure", help="Listen without TLS where other machines can connect.")
    ] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="Serve over TLS with this certificate chain, PEM.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's private key, PEM.")] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option(help="Accept only clients with a certificate of these authorities, PEM.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="Accept only bearer tokens whose SHA-256 stands in this file.")
    ] = None,
    admin_certificate: Annotated[
        list[str] | None,
        typer.Option(
            help="The common name of a client certificate whose owner may load and unload models; can be repeated."
        ),
    ] = None,
    local_admin: Annotated[
        bool | None,
        typer.Option("--local-admin", help="Without authentication, on a loopback address: anybody may do that."),
    ] = None,
    jwks: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL", help="Accept tokens (JWT) signed with a key of this set, a file or https URL."
        ),
    ] = None,
    jwt_issuer: Annotated[str | None, typer.Option(help="The `iss` of signed tokens.")] = None,
    jwt_audience: Annotated[str | None, typer.Option(help="The `aud` of signed tokens.")] = None,
    jwt_name_claim: Annotated[str | None, typer.Option(help="Their claim that names the caller. [sub]")] = None,
    jwt_roles_claim: Annotated[str | None, typer.Option(help="Their claim with the caller's roles. [roles]")] = None,
    jwks_refresh_seconds: Annotated[
        float | None, typer.Option(help="How often keys that have a URL are fetched again. [300]")
    ] = None,
    reflection: Annotated[bool | None, typer.Option(help="Tell clients what services there are. [yes]")] = None,
    oip: Annotated[bool | None, typer.Option(help="Serve the raw graphs by the Open Inference Protocol. [yes]")] = None,
    workers: Annotated[int | None, typer.Option(help="How many threads compute. [one per core]")] = None,
    drain_delay_seconds: Annotated[
        float | None, typer.Option(help="How long calls are still taken after SIGTERM. [0]")
    ] = None,
    grace_seconds: Annotated[
        float | None, typer.Option(help="How long running streams may go on after that. [30]")
    ] = None,
    max_count: Annotated[int | None, typer.Option(help="The most samples per call. [no limit]")] = None,
    max_streams: Annotated[int | None, typer.Option(help="The most streams at once. [1000]")] = None,
    max_streams_per_caller: Annotated[
        int | None, typer.Option(help="The most streams of one caller at once. [no limit]")
    ] = None,
    rows_per_second: Annotated[
        float | None, typer.Option(help="The rate of all rows, all callers together. [no limit]")
    ] = None,
    images_per_second: Annotated[
        float | None, typer.Option(help="The rate of all images, all callers together. [no limit]")
    ] = None,
    rows_per_second_per_caller: Annotated[
        float | None, typer.Option(help="The rate of all rows of one caller together. [no limit]")
    ] = None,
    images_per_second_per_caller: Annotated[
        float | None, typer.Option(help="The rate of all images of one caller together. [no limit]")
    ] = None,
    max_connection_age_seconds: Annotated[
        float | None, typer.Option(help="After how long clients are asked to connect anew. [never]")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Where graphs run: auto, cpu, cuda or cuda:0,1. [auto]")] = None,
    encoding_processes: Annotated[
        int | None,
        typer.Option(help="How many processes encode images; 0: the workers do. [one per core with a GPU, else 0]"),
    ] = None,
    log_format: Annotated[str | None, typer.Option(help="How log lines are written: text or json. [text]")] = None,
    metrics_listen: Annotated[
        str | None, typer.Option(help="Where Prometheus reads metrics, as HOST:PORT. [nowhere]")
    ] = None,
    metrics_insecure: Annotated[
        bool | None, typer.Option("--metrics-insecure", help="Show metrics where other machines can connect.")
    ] = None,
    otlp_endpoint: Annotated[
        str | None, typer.Option(help="The URL of the collector that gets traces. [as OTEL_* say; none]")
    ] = None,
    hints: Annotated[
        bool | None, typer.Option(help="Print commands to try once ready. [when stdout is a terminal]")
    ] = None,
    client_command: Annotated[str | None, typer.Option(help="How the client is called in them. [synthserve]")] = None,
    port_file: Annotated[Path | None, typer.Option(help="A file to write the port to once ready.")] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Serves the models of a repository over gRPC.

    Every option but --version can also be an environment variable (SYNTHSERVE_WORKERS) or stand in the TOML file
    (workers = 4). Flags go before the environment, and that before the file.
    """
    flags = {
        "config": config_file,
        "model_repository": model_repository,
        "model_control_mode": model_control_mode,
        "repository_poll_seconds": repository_poll_seconds,
        "load_model": load_model or None,
        "max_manifest_bytes": max_manifest_bytes,
        "max_graph_bytes": max_graph_bytes,
        "warm_up_seconds": warm_up_seconds,
        "listen": listen,
        "insecure": insecure,
        "tls_certificate": tls_certificate,
        "tls_key": tls_key,
        "tls_client_ca": tls_client_ca,
        "token_file": token_file,
        "admin_certificate": admin_certificate or None,
        "local_admin": local_admin,
        "jwks": jwks,
        "jwt_issuer": jwt_issuer,
        "jwt_audience": jwt_audience,
        "jwt_name_claim": jwt_name_claim,
        "jwt_roles_claim": jwt_roles_claim,
        "jwks_refresh_seconds": jwks_refresh_seconds,
        "reflection": reflection,
        "oip": oip,
        "workers": workers,
        "drain_delay_seconds": drain_delay_seconds,
        "grace_seconds": grace_seconds,
        "max_count": max_count,
        "max_streams": max_streams,
        "max_streams_per_caller": max_streams_per_caller,
        "rows_per_second": rows_per_second,
        "images_per_second": images_per_second,
        "rows_per_second_per_caller": rows_per_second_per_caller,
        "images_per_second_per_caller": images_per_second_per_caller,
        "max_connection_age_seconds": max_connection_age_seconds,
        "device": device,
        "encoding_processes": encoding_processes,
        "log_format": log_format,
        "metrics_listen": metrics_listen,
        "metrics_insecure": metrics_insecure,
        "otlp_endpoint": otlp_endpoint,
        "hints": hints,
        "client_command": client_command,
        "port_file": port_file,
    }
    given = {name: value for name, value in flags.items() if value is not None}
    settings = _settings(given)
    signals.ignore("SIGPIPE")
    from synthserve_server.telemetry import log_setup as logs  # which imports much

    log = logs.configure(settings.log_format)
    _warn()
    # Both are read on import, which is why the rest is imported here: polars is to have no more threads than there are
    # workers, and gRPC's own log to be silent, as the server says itself what an operator must know.
    for variable, value in (("POLARS_MAX_THREADS", str(settings.workers)), ("GRPC_VERBOSITY", "NONE")):
        os.environ[variable] = os.environ.get(variable) or value
    from synthserve_core.errors import ProviderError
    from synthserve_server import app
    from synthserve_server.security.files import CredentialsError
    from synthserve_server.telemetry.setup import TelemetryError

    announcements = LogWriter(standard_streams.Output(1, sys.stdout))
    try:
        finished = asyncio.run(app.run(settings, lambda ready: _announce(settings, ready, log, announcements)))
    except (ListenError, CredentialsError, ProviderError, TelemetryError) as error:
        # By way of the log, which waits for nobody.
        log.write(f"synthserve-server: {error}\n")
        raise typer.Exit(FAILED) from None
    finally:
        announcements.close()
    if not finished:
        raise typer.Exit(FAILED)


def _settings(flags: dict[str, Any]) -> config.Settings:
    try:
        return config.load(flags)
    except ValidationError as error:
        for line in problems.lines(error, flags, os.environ):
            typer.echo(f"synthserve-server: {line}", err=True)
        raise typer.Exit(BAD_SETTINGS) from None
    except SettingsError:  # pydantic's, of the one setting that has no flag
        _fail("SYNTHSERVE_LIMITS: must be a JSON object; or write sections [limits.NAME] into the file", BAD_SETTINGS)
    except ValueError as error:
        _fail(f"the settings file: {error}", BAD_SETTINGS)
    except OSError as error:
        file = flags.get("config") or os.environ.get("SYNTHSERVE_CONFIG")
        _fail(f"the settings file: {file} cannot be read: {error.strerror}", BAD_SETTINGS)


def _warn() -> None:
    """Tells of variables that do not do what they look like."""
    for name, meant in problems.misspelt_variables(os.environ):
        _log.warning("variable is no setting", name=name, did_you_mean=meant)
    for value in protobuf.ignored:
        _log.warning("variable ignored, protobuf in C is used", name=protobuf.VARIABLE, value=value)


def _announce(settings: config.Settings, ready: "Ready", log: LogWriter, announcements: LogWriter) -> None:
    from synthserve_server.commands.hints import hints

    log.drain()  # on a terminal, what was loaded is to stand above
    lines = [f"synthserve-server: serving on {ready.host}:{ready.port}"]
    show = sys.stdout.isatty() if settings.hints is None else settings.hints
    if show:
        commands = hints(
            ready.host,
            ready.port,
            ready.catalogue,
            settings.client_command,
            tls=settings.tls_certificate is not None,
            token=settings.token_file is not None or settings.jwks is not None,
            listed=settings.reflection,
        )
        lines += ["", "In another shell:", "", *(f"  {command}" for command in commands), ""]
    announcements.write("".join(f"{line}\n" for line in lines))
    announcements.drain()
    if settings.port_file:
        # Renamed into place, so that nobody reads half a number.
        unfinished = settings.port_file.with_name(settings.port_file.name + ".new")
        try:
            unfinished.write_text(f"{ready.port}\n")
            unfinished.replace(settings.port_file)
        except OSError as error:
            _fail(f"cannot write the port file: {error.strerror}: {error.filename}", FAILED)


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(f"synthserve-server: {message}", err=True)
    raise typer.Exit(code)


def main() -> None:
    """Runs the command."""
    printed = standard_streams.replace()
    signals.end_quietly()  # until the server starts
    # Typer's own tracebacks are framed and show every local value, and its messages have colours for no terminal.
    command = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    command.command()(serve)
    try:
        command()
    except SystemExit as ended:
        if not ended.code and (failure := printed.failure):
            typer.echo(f"synthserve-server: cannot write to standard output: {failure.strerror}", err=True)
            sys.exit(FAILED)
        raise
