"""The outbox in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.core.events import JournalEntry
from bot.core.model import Delivery, Speaker
from bot.store.contract import (
    Message,
    NotFound,
    Outgoing,
    VersionConflict,
)
from bot.store.fake.audit import Audits
from bot.store.fake.records import LEAVING, Line, Talk
from bot.store.rules import (
    doubled,
    latest,
    must_be_final,
)


class Outbox(Audits):
    """What is to be sent, and what became of it."""

    def _firsts(self, channels: tuple[str, ...]) -> Iterable[tuple[Talk, Line]]:
        for conversation_id in self._leaving:
            talk = self._talks[conversation_id]
            if talk.state.identity.channel in channels:
                yield talk, min(talk.unsent(), key=lambda line: line.message_id)

    async def outbox_due(
        self, *, now: datetime, limit: int, channels: tuple[str, ...], skip: frozenset[str] = frozenset()
    ) -> list[Outgoing]:
        """See `Store.outbox_due`."""
        due = [
            (line.due_at, line.message_id, talk, line)
            for talk, line in self._firsts(channels)
            if line.due_at <= now and line.conversation_id not in skip
        ]
        due.sort(key=lambda entry: entry[:2])
        return [self._outgoing(talk, line) for _, _, talk, line in due[:limit]]

    def _outgoing(self, talk: Talk, line: Line) -> Outgoing:
        say, state = line.said(), talk.state
        return Outgoing(
            message_id=line.message_id,
            conversation_id=line.conversation_id,
            identity=state.identity,
            say=say,
            key=line.key,
            delivery=line.delivery or Delivery.QUEUED,
            attempts=line.attempts,
            stale=say.speaker is not Speaker.AGENT and line.owner_version != state.owner_version,
            window_closes_at=None if state.window is None else state.window.closes_at,
            opted_out_at=state.opted_out_at,
            last_inbound_at=talk.last_inbound_at,
        )

    async def outbox_next_at(self, *, channels: tuple[str, ...], after: datetime | None = None) -> datetime | None:
        """See `Store.outbox_next_at`."""
        moments = (line.due_at for _, line in self._firsts(channels))
        return min((at for at in moments if after is None or at > after), default=None)

    def _outbound(self, message_id: int) -> Line:
        line = self._lines.get(message_id)
        if line is None or line.say is None:
            raise NotFound("outgoing message", str(message_id))
        return line

    async def mark_sending(self, message_id: int, *, now: datetime) -> bool:
        """See `Store.mark_sending`."""
        line = self._lines.get(message_id)
        if line is None or line.delivery not in LEAVING:
            return False
        line.delivery = Delivery.SENDING
        line.attempts += 1
        line.sending_at = now
        return True

    async def mark_sent(self, message_id: int, *, now: datetime, external_id: str | None) -> Message:
        """See `Store.mark_sent`. Raises `NotFound`, `VersionConflict`."""
        return self._sent(self._outbound(message_id), now, external_id)

    async def settle_by_echo(self, *, key: str, external_id: str, now: datetime) -> Message | None:
        """See `Store.settle_by_echo`."""
        line = self._by_key.get(key)
        if line is None:
            return None
        if line.delivery is Delivery.SENT and line.external_id not in (None, external_id):
            await self.add_findings([doubled(line.conversation_id, line.message_id, now)], now=now)
        return self._sent(line, now, external_id)

    def _sent(self, line: Line, now: datetime, external_id: str | None) -> Message:
        if line.delivery is Delivery.SENT:
            return line.shown()
        if line.delivery not in LEAVING and line.attempts == 0:
            raise VersionConflict(f"message {line.message_id} is {line.delivery} and was never handed to its channel")
        talk = self._talks[line.conversation_id]
        talk.last_seq += 1
        line.seq, line.at, line.delivery, line.error = talk.last_seq, now, Delivery.SENT, None
        line.external_id = external_id
        talk.last_at = max(talk.last_at, now)
        talk.last_outbound_at = latest(talk.last_outbound_at, now)
        self._close_line(talk, line)
        return line.shown()

    async def mark_retry(self, message_id: int, *, due_at: datetime, error: str) -> None:
        """See `Store.mark_retry`. Raises `NotFound`."""
        line = self._outbound(message_id)
        if line.delivery is Delivery.SENDING:
            line.delivery, line.due_at, line.error = Delivery.QUEUED, due_at, error

    async def mark_unsendable(self, message_id: int, *, delivery: Delivery, error: str, now: datetime) -> None:
        """See `Store.mark_unsendable`. Raises `NotFound`, and `ValueError` for any other delivery."""
        must_be_final(delivery)
        line = self._outbound(message_id)
        if line.delivery not in LEAVING:
            return
        line.delivery, line.error = delivery, error
        talk = self._talks[line.conversation_id]
        self._close_line(talk, line)
        data = {"message_id": message_id, "error": error}
        self._journal_line(talk, JournalEntry(kind=f"message.{delivery.value}", at=now, data=data))

    async def unsent_count(self, conversation_id: str) -> int:
        """See `Store.unsent_count`."""
        talk = self._talks.get(conversation_id)
        return 0 if talk is None else len(talk.unsent())
