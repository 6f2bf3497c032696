"""Configures logging."""

import atexit
import logging
import os
import sys
import traceback
from typing import Literal

import structlog

from synthserve_core.system.standard_streams import wants_colours
from synthserve_server.telemetry.calls import serving
from synthserve_server.telemetry.log_writer import LogWriter


def configure(log_format: Literal["text", "json"]) -> LogWriter:
    """Sends log lines to standard error through the returned writer, which is closed when the process exits."""
    writer = LogWriter(sys.stderr)
    atexit.register(writer.close)
    renderer: structlog.typing.Processor
    if log_format == "json":
        # Local variables can hold data of callers, or secrets.
        plain = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        processors: list[structlog.typing.Processor] = [structlog.processors.ExceptionRenderer(plain)]
        renderer = structlog.processors.JSONRenderer()
    else:
        processors = []
        renderer = structlog.dev.ConsoleRenderer(
            colors=wants_colours(sys.stderr, os.environ), exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[
            _with_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *processors,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(writer),  # type: ignore[arg-type]  # it needs write and flush
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Forwarding()])
    return writer


def _with_request_id(_logger: object, _level: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Adds the id of the current call to a line."""
    if call := serving.get(None):
        line.setdefault("request_id", call.request_id)
    return line


class _Forwarding(logging.Handler):
    """Forwards the log records of libraries, for example that the collector of traces cannot be reached."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line, but not for clients that left while gRPC sent a message: their streams are logged."""
        if record.exc_info and type(record.exc_info[1]).__name__ == "ExecuteBatchError":
            return
        details: dict[str, object] = {"exc_info": record.exc_info or None}
        if record.exc_info and record.name.startswith("opentelemetry"):
            # The cause is a setting or an unreachable collector, for which a traceback is no help.
            details = {"why": "".join(traceback.format_exception_only(record.exc_info[1])).strip()}
        structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name, **details)
