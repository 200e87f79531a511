"""Structured logs: one JSON object a line for machines, aligned words for people on a terminal.

Standard `logging` (Django, procrastinate, granian) ends in the same stream. Secrets that slip into a field by name are
blanked. Imports no Django.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

_SECRET_NAMES: Final = ("password", "secret", "token", "authorization", "cookie", "signature", "partner_key", "api_key")


def configure(*, process: str, level: str = "info") -> None:
    """Send all logs of this process to standard error. Safe to repeat.

    Args:
        process: name of the process, in every line: web, worker, command.
        level: debug, info, warning or error.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=process != "test",
    )
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if sys.stderr.isatty()
        else [_traceback, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _named(process),
                _stamp,
                blank_secrets,
                *last,
            ],
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if getattr(each, "is_mekong", False)]:
        root.removeHandler(old)
    handler.is_mekong = True  # type: ignore[attr-defined]  # marks our handler, so that a repeat replaces it
    root.addHandler(handler)
    root.setLevel(threshold)
    # Chatty at "info" about every single job, request and connection.
    for name in ("procrastinate", "httpx", "httpcore", "psycopg.pool", "axes", "stamina", "asyncio"):
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))


def blank_secrets(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the value of every field whose name tells of a secret."""
    for name in entry:
        if any(word in name.lower() for word in _SECRET_NAMES):
            entry[name] = "***"
    return entry


# Without local variables: they hold what people typed, passwords among it.
_traceback = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
_stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)


def _named(process: str) -> structlog.typing.Processor:
    def name_process(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entry.setdefault("process", process)
        return entry

    return name_process
