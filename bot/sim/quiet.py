"""Logs off in a simulation, except for what nobody foresaw: an exception that was logged is a break."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from bot.core.model import WarmlineError

GC_SELDOM = (200_000, 50, 100)
"""A simulation makes very many small records and few cycles."""


@contextmanager
def quietly() -> Iterator[list[str]]:
    """No log lines and seldom a collection while the block runs; gives the list into which unforeseen exceptions are written."""
    before, collecting = structlog.get_config(), gc.get_threshold()
    crashes: list[str] = []

    def look(_logger: Any, _name: str, event: Any) -> Any:
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, WarmlineError):
            crashes.append(f"{event.get('event')}: {type(error).__name__}: {error}")
        raise structlog.DropEvent

    structlog.configure(
        processors=[look],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        cache_logger_on_first_use=False,
    )
    gc.set_threshold(*GC_SELDOM)
    try:
        yield crashes
    finally:
        gc.set_threshold(*collecting)
        structlog.configure(**before)
