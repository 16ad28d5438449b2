"""Logs of service tests are JSON, as in production, so that a test can read them."""

from __future__ import annotations

import pytest
import structlog

from bot import logs
from bot.settings import Settings


@pytest.fixture(autouse=True)
def json_logs() -> None:
    """Production's form of logs."""
    logs.configure(Settings(log="json"))
    structlog.configure(cache_logger_on_first_use=False)
