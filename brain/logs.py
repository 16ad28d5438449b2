"""Logs: one JSON line an event on stderr, with fields and never with a person's words.

Rasa and the libraries below it put texts and slot values into their log messages, so of a library's record only the
place, the level and the kind of exception are kept.
"""

import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from datetime import datetime, timezone
from types import TracebackType
from typing import Any

import structlog


def _stamp(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    fields["at"] = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return fields


def _name_only(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {"event": "library.log", "what": str(fields.get("event")), "level": fields.get("level")}


def get_logger() -> Any:
    """The brain's own logger: `log.info("worker.started", pid=7)`."""
    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[structlog.processors.add_log_level, _stamp, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


def where(trace: TracebackType | None) -> str:
    """The innermost place of a traceback as `file:line in function`; an empty string without one."""
    frames = traceback.extract_tb(trace)
    return f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""


class WordlessFormatter(logging.Formatter):
    """Formats a library's record as one JSON line without its message."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "event": "library.log",
            "logger": record.name,
            "level": record.levelname.lower(),
            "place": f"{record.filename}:{record.lineno}",
            "at": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
        }
        if record.exc_info and record.exc_info[0]:
            fields["error"] = record.exc_info[0].__name__
            fields["raised"] = where(record.exc_info[2])
        return json.dumps(fields)


def hush_libraries() -> None:
    """Let libraries log from WARNING up only, without their words. Debug calls then cost next to nothing."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WordlessFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # Some libraries undo the warnings filter; nothing undoes this.
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[structlog.processors.add_log_level, _name_only, _stamp, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
