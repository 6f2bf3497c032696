"""How log lines are written."""

import atexit
import logging
import sys
from typing import Literal

import structlog

from synthserve_server.log_writer import LogWriter


def configure(log_format: Literal["text", "json"]) -> None:
    """Has log lines written to standard error, those that wait at the latest when the process exits."""
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
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *processors,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(writer),  # type: ignore[arg-type]  # it needs write and flush
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Forwarding()])


class _Forwarding(logging.Handler):
    """Writes what libraries log, such as that the collector of traces cannot be reached, in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line."""
        structlog.get_logger().log(
            record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None
        )
