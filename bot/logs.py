"""Logs are events with fields; message text, tokens and personal data never get here."""

from __future__ import annotations

import logging
import sys
from typing import TextIO, cast

import structlog

from bot.settings import Settings


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
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", Unbreakable(sys.stderr))),
        cache_logger_on_first_use=True,
    )
