"""How log lines are written."""

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
    """Has log lines written to standard error, those that wait at the latest when the process exits; by whom."""
    writer = LogWriter(sys.stderr)
    atexit.register(writer.close)
    renderer: structlog.typing.Processor
    if log_format == "json":
        # Local values can be what a caller has sent, or a secret.
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
    """Says which call a line belongs to, where it is written in one."""
    if call := serving.get(None):
        line.setdefault("request_id", call.request_id)
    return line


class _Forwarding(logging.Handler):
    """Writes what libraries log, such as that the collector of traces cannot be reached, in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line, but not of clients that left while they were sent something: their streams' lines tell."""
        if record.exc_info and type(record.exc_info[1]).__name__ == "ExecuteBatchError":
            return
        details: dict[str, object] = {"exc_info": record.exc_info or None}
        if record.exc_info and record.name.startswith("opentelemetry"):
            # It is about what an operator has set, or a collector that is not there: not about a place in a program.
            details = {"why": "".join(traceback.format_exception_only(record.exc_info[1])).strip()}
        structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name, **details)
