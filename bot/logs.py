"""Logs are events with fields; message text, tokens and personal data never get here.

The guard is the last resort, not the rule: a field that may carry such things is left out, counted, and told by the audit (I10).
"""

from __future__ import annotations

import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

from bot.metrics import LOG_FIELDS
from bot.settings import Settings

REFUSED = "(left out)"

TELLING = frozenset({
    "answer", "attachments", "body", "caption", "content", "detail", "message", "note", "payload", "query", "quick_replies",
    "reply", "say", "slots", "summary", "text", "title", "words",
    "email", "first_name", "last_name", "locale", "name", "number", "phone", "picture_url", "profile", "prospect", "user",
    "username", "authorization", "cookie", "headers", "password", "secret", "token", "token_sha256", "url",
})  # fmt: skip
"""Names of fields that carry what people say, who they are, or what opens a door."""

_PLAIN = re.compile(r"[\w.:/@%+=*~-]{0,200}")
"""Ids, codes, paths and times have no spaces. Words do."""

_OWN = frozenset({"event", "level", "timestamp", "exception"})
"""Fields that this module or the code itself writes."""

SAYS_NO_MORE = (OSError, ImportError, AttributeError, NameError, TypeError)
"""Errors whose message the system or the interpreter writes. Others may quote what people wrote: a wrong value, a row."""

_refused: Counter[str] = Counter()


def refused_fields() -> Mapping[str, int]:
    """How often each field was left out since the process began."""
    return dict(_refused)


def guard(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out every field that may carry what people say or who they are; the line itself is kept."""
    for field, value in line.items():
        if field not in _OWN and not (field not in TELLING and _is_plain(value)):
            line[field] = REFUSED
            _refused[field] += 1
            LOG_FIELDS.inc()
    return line


def _is_plain(value: object) -> bool:
    if value is None or isinstance(value, bool | int | float):
        return True
    if isinstance(value, str):
        return _PLAIN.fullmatch(value) is not None
    return isinstance(value, list | tuple | set | frozenset) and all(_is_plain(one) for one in value)


def without_words(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception as its kinds and places, without the words that it may quote."""
    given = line.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        line["exception"] = "\n".join(_told(error))
    return line


def _told(error: BaseException) -> Iterator[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _told(cause)
        yield "led to"
    words = f": {error}" if isinstance(error, SAYS_NO_MORE) else ""
    yield f"{type(error).__module__}.{type(error).__qualname__}{words}"
    yield from _places(error.__traceback__)


def _places(traceback: TracebackType | None) -> Iterator[str]:
    for frame in extract_tb(traceback):
        yield f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}"


class Unbreakable:
    """Where log lines go. A full disk or a closed pipe loses lines, which are counted and told of; it never stops the service."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0

    def write(self, text: str) -> int:
        """Write, or count a loss."""
        try:
            if self._lost:
                self._stream.write(f'{{"event": "log.lost", "lines": {self._lost}}}\n')
                self._stream.flush()
                self._lost = 0
            return self._stream.write(text)
        except OSError:
            self._lost += 1
            return len(text)

    def flush(self) -> None:
        """Flush, or count a loss."""
        try:
            self._stream.flush()
        except OSError:
            self._lost += 1


def configure(settings: Settings) -> None:
    """One line an event on standard error: coloured on a terminal, JSON elsewhere."""
    level = getattr(logging, settings.log_level.upper())
    pretty = settings.log == "console" or (settings.log == "auto" and sys.stderr.isatty())
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if pretty
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            guard,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", Unbreakable(sys.stderr))),
        cache_logger_on_first_use=True,
    )
