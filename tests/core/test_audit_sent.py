"""What the audit makes of a message that left soon after somebody's turn to speak had changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.audit_sent import IN_FLIGHT, findings_of_sent
from bot.core.model import Speaker
from bot.core.sent import Sent, Turn

LEFT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def codes(speaker: Speaker, *turns: tuple[str, float]) -> list[str]:
    """Of a message that left at `LEFT`, after turns that so many seconds before."""
    told = tuple(Turn(kind=kind, at=LEFT - timedelta(seconds=before_s)) for kind, before_s in turns)
    sent = Sent(
        message_id=1, conversation_id="c1", channel="widget", speaker=speaker, decided_at=LEFT, left_at=LEFT, turns=told,
        last_inbound_at=LEFT - timedelta(days=1),
    )  # fmt: skip
    return [finding.code for finding in findings_of_sent(sent, {}, "UTC")]


@pytest.mark.parametrize("before_s", [0.0, 1.0, IN_FLIGHT.total_seconds(), 60.0])
def test_the_bot_spoke_right_after_it_was_given_back_to_and_was_said_to_talk_over_an_agent(before_s: float) -> None:
    assert codes(Speaker.BOT, ("episode.accepted", 600), ("episode.closed", before_s)) == []
    assert codes(Speaker.BOT, ("episode.accepted", 600)) == ["bot_over_agent"]
    assert codes(Speaker.BOT, ("episode.accepted", 1.0)) == []


@pytest.mark.parametrize("before_s", [0.0, 1.0, 60.0])
def test_start_was_confirmed_at_once_and_was_said_to_be_written_after_a_stop(before_s: float) -> None:
    assert codes(Speaker.LADDER, ("prospect.opted_out", 600), ("prospect.opted_in", before_s)) == []
    assert codes(Speaker.LADDER, ("prospect.opted_out", 600)) == ["sent_after_stop"]
