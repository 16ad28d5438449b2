"""Who talks, and when, in the store's tests."""

from datetime import UTC, datetime

from bot.core.model import Identity

T0 = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ANN = Identity(channel="widget", external_id="ann")
