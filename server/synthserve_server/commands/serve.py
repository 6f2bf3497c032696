"""The command `synthserve-server`."""

import asyncio
import gc
import os
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NoReturn

import click
import structlog
from pydantic import ValidationError
from pydantic_settings import SettingsError

from synthserve_core.system import signals, standard_streams
from synthserve_server.commands.options import ServerCommand, options
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


def _print_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"synthserve-server {version('synthserve-server')}")
        context.exit()


def serve(**flags: Any) -> None:  # noqa: ANN401 - as click gives them
    """Serves the models of a repository over gRPC.

    Every option but --version can also be an environment variable (SYNTHSERVE_WORKERS) or a key of the TOML file
    (workers = 4). Flags override the environment, and the environment overrides the file.
    """
    # An option that is not given is None, or empty if it can be repeated.
    given = {name: value for name, value in flags.items() if value is not None and value != ()}
    settings = _settings(given)
    signals.ignore("SIGPIPE")
    from synthserve_server.telemetry import log_setup as logs  # imports much

    log = logs.configure(settings.log_format)
    _warn()
    # Polars and gRPC read these on import, so the rest is imported after this: Polars gets as many threads as there are
    # workers, and gRPC's own log is silent, because the server logs what operators must know.
    for variable, value in (("POLARS_MAX_THREADS", str(settings.workers)), ("GRPC_VERBOSITY", "NONE")):
        os.environ[variable] = os.environ.get(variable) or value
    from synthserve_core.errors import ProviderError
    from synthserve_server import app
    from synthserve_server.security.files import CredentialsError
    from synthserve_server.telemetry.setup import TelemetryError

    gc.freeze()  # modules stay for ever: collections need not look at them
    announcements = LogWriter(standard_streams.Output(1, sys.stdout))
    try:
        finished = asyncio.run(app.run(settings, lambda ready: _announce(settings, ready, log, announcements)))
    except (ListenError, CredentialsError, ProviderError, TelemetryError) as error:
        # Through the log writer, which never blocks.
        log.write(f"synthserve-server: {error}\n")
        raise SystemExit(FAILED) from None
    finally:
        announcements.close()
    if not finished:
        raise SystemExit(FAILED)


def _settings(flags: dict[str, Any]) -> config.Settings:
    try:
        return config.load(flags)
    except ValidationError as error:
        for line in problems.lines(error, flags, os.environ):
            click.echo(f"synthserve-server: {line}", err=True)
        raise SystemExit(BAD_SETTINGS) from None
    except SettingsError:  # raised by pydantic for the one setting without a flag
        _fail("SYNTHSERVE_LIMITS: must be a JSON object; or write sections [limits.NAME] into the file", BAD_SETTINGS)
    except ValueError as error:
        _fail(f"the settings file: {error}", BAD_SETTINGS)
    except OSError as error:
        file = flags.get("config") or os.environ.get("SYNTHSERVE_CONFIG")
        _fail(f"the settings file: {file} cannot be read: {error.strerror}", BAD_SETTINGS)


def _warn() -> None:
    """Warns about variables that have no effect."""
    for name, meant in problems.misspelt_variables(os.environ):
        _log.warning("unknown variable", name=name, did_you_mean=meant)
    for value in protobuf.ignored:
        _log.warning("variable ignored, protobuf in C is used", name=protobuf.VARIABLE, value=value)


def _announce(settings: config.Settings, ready: "Ready", log: LogWriter, announcements: LogWriter) -> None:
    from synthserve_server.commands.hints import hints

    log.drain()  # on a terminal, the log of the start appears first
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
        # Renamed into place, so that no reader sees half a number.
        unfinished = settings.port_file.with_name(settings.port_file.name + ".new")
        try:
            unfinished.write_text(f"{ready.port}\n")
            unfinished.replace(settings.port_file)
        except OSError as error:
            _fail(f"cannot write the port file: {error.strerror}: {error.filename}", FAILED)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"synthserve-server: {message}", err=True)
    raise SystemExit(code)


def main() -> None:
    """Runs the command."""
    printed = standard_streams.replace()
    signals.end_quietly()  # until the server starts
    version_option = click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_print_version,
        help="Print the version.",
    )
    command = ServerCommand(
        "synthserve-server", callback=serve, params=[*options(), version_option], help=serve.__doc__
    )
    try:
        command()
    except SystemExit as ended:
        if not ended.code and (failure := printed.failure):
            click.echo(f"synthserve-server: cannot write to standard output: {failure.strerror}", err=True)
            sys.exit(FAILED)
        raise
