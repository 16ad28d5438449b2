"""The outbox in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from bot.core.events import JournalEntry
from bot.core.interrupt import HELD_BACK
from bot.core.model import Delivery, Speaker
from bot.store.contract import (
    Echoed,
    Message,
    NotFound,
    Outgoing,
    Parked,
    VersionConflict,
)
from bot.store.fake.audit import Audits
from bot.store.fake.records import LEAVING, Line, Talk, copied
from bot.store.ledger import must_be_short
from bot.store.rules import (
    clean_text,
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
            error=line.error,
            stale=say.speaker is not Speaker.AGENT and line.owner_version != state.owner_version,
            window_closes_at=None if state.window is None else state.window.closes_at,
            opted_out_at=state.opted_out_at,
            last_inbound_at=talk.last_inbound_at,
            sending_at=line.sending_at,
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

    def peek(self, message_id: int) -> Line:
        """An outgoing message as it stands, for those who watch a simulation. Raises `NotFound`."""
        return self._outbound(message_id)

    def first_unsent(self, channels: tuple[str, ...]) -> list[Line]:
        """The first unsent message of each conversation on these channels, for those who watch a simulation."""
        return [line for _, line in self._firsts(channels)]

    def earliest_due_at(self) -> datetime | None:
        """When the earliest clock is due, whoever holds it, for those who watch a simulation."""
        return self._due[0][0] if self._due else None

    async def claim_outbox(
        self,
        *,
        worker: str,
        now: datetime,
        until: datetime,
        limit: int,
        channels: tuple[str, ...],
        skip: frozenset[str] = frozenset(),
    ) -> list[Outgoing]:
        """See `Store.claim_outbox`."""
        must_be_short(now, until)
        due = await self.outbox_due(now=now, limit=len(self._leaving), channels=channels, skip=skip)
        chosen = [out for out in due if self._held_messages.free(out.message_id, worker=worker, now=now)][:limit]
        for out in chosen:
            self._held_messages.take(out.conversation_id, out.message_id, worker=worker, now=now, until=until)
        return chosen

    async def mark_sending(
        self,
        message_id: int,
        *,
        worker: str,
        now: datetime,
        sent_as: str | None = None,
        opted_out_at: datetime | None = None,
    ) -> bool:
        """See `Store.mark_sending`."""
        line = self._lines.get(message_id)
        if line is None or line.delivery not in LEAVING or not self._held_messages.holds(message_id, worker=worker, now=now):
            return False
        if not self._fresh(line, opted_out_at):
            return False
        line.delivery = Delivery.SENDING
        line.attempts += 1
        line.sending_at = now
        line.sent_as = sent_as or line.sent_as
        return True

    async def mark_sent(
        self,
        message_id: int,
        *,
        now: datetime,
        external_id: str | None,
        sent_as: str | None = None,
        opted_out_at: datetime | None = None,
    ) -> Message:
        """See `Store.mark_sent`. Raises `NotFound`, `VersionConflict`."""
        return self._sent(self._outbound(message_id), now, external_id, sent_as, opted_out_at)

    def _fresh(self, line: Line, opted_out_at: datetime | None) -> bool:
        """Nobody took over, opted out or interrupted us since the message was claimed."""
        talk, speaker = self._talks[line.conversation_id], line.said().speaker
        ours = speaker is Speaker.AGENT or line.owner_version == talk.state.owner_version
        interrupted = speaker in HELD_BACK and bool(talk.unheard())
        return ours and not interrupted and talk.state.opted_out_at == opted_out_at

    async def unsettled(self, echoes: Collection[Echoed]) -> frozenset[Echoed]:
        """See `Store.unsettled`."""
        lines = ((echoed, self._by_key.get(echoed[0])) for echoed in echoes)
        return frozenset(
            echoed
            for echoed, line in lines
            if line is None or line.delivery is not Delivery.SENT or line.external_id not in (None, echoed[1])
        )

    async def settle_by_echo(self, *, key: str, external_id: str, now: datetime) -> Message | None:
        """See `Store.settle_by_echo`."""
        line = self._by_key.get(key)
        if line is None:
            return None
        if line.delivery is Delivery.SENT and line.external_id not in (None, external_id):
            await self.add_findings([doubled(line.conversation_id, line.message_id, now)], now=now)
        return self._sent(line, now, external_id)

    def _sent(
        self,
        line: Line,
        now: datetime,
        external_id: str | None,
        sent_as: str | None = None,
        opted_out_at: datetime | None = None,
    ) -> Message:
        if line.delivery is Delivery.SENT:
            return line.shown()
        if line.attempts == 0 and (line.delivery not in LEAVING or not self._fresh(line, opted_out_at)):
            raise VersionConflict(f"message {line.message_id} was never handed to its channel and must not be now")
        talk = self._talks[line.conversation_id]
        talk.last_seq += 1
        line.seq, line.at, line.delivery, line.error = talk.last_seq, now, Delivery.SENT, None
        line.external_id = external_id
        line.sent_as, line.detail = sent_as or line.sent_as, ""
        self._unpark(line)
        talk.last_at = max(talk.last_at, now)
        talk.last_outbound_at = latest(talk.last_outbound_at, now)
        self._close_line(talk, line)
        return line.shown()

    async def mark_retry(self, message_id: int, *, worker: str, due_at: datetime, error: str, attempted: bool = True) -> None:
        """See `Store.mark_retry`. Raises `NotFound`."""
        line = self._outbound(message_id)
        if line.delivery is Delivery.SENDING and self._held_messages.holds(message_id, worker=worker):
            line.delivery, line.due_at, line.error = Delivery.QUEUED, due_at, error
            line.attempts -= 0 if attempted else 1
            self._held_messages.drop(message_id)

    async def postpone(self, message_id: int, *, due_at: datetime) -> None:
        """See `Store.postpone`. Raises `NotFound`."""
        line = self._outbound(message_id)
        if line.delivery is Delivery.QUEUED:
            line.due_at = due_at
            self._held_messages.drop(message_id)

    async def mark_unsendable(
        self, message_id: int, *, delivery: Delivery, error: str, now: datetime, detail: str = "", park: bool = False
    ) -> None:
        """See `Store.mark_unsendable`. Raises `NotFound`, and `ValueError` for any other delivery."""
        must_be_final(delivery, parked=park)
        line = self._outbound(message_id)
        if line.delivery not in LEAVING:
            return
        line.delivery, line.error, line.detail = delivery, error, clean_text(detail)
        if park:
            line.parked_at = now
            self._parked[message_id] = line
        talk = self._talks[line.conversation_id]
        self._close_line(talk, line)
        data = {"message_id": message_id, "error": error}
        kind = "message.parked" if park else f"message.{delivery.value}"
        self._journal_line(talk, JournalEntry(kind=kind, at=now, data=data))

    # ---- parked messages

    async def parked(self, *, limit: int = 200) -> list[Parked]:
        """See `Store.parked`."""
        waiting = sorted((line.parked_at, line.message_id) for line in self._parked.values() if line.parked_at)
        return [self._parked_of(self._lines[message_id], since) for since, message_id in waiting[:limit]]

    def _parked_of(self, line: Line, since: datetime) -> Parked:
        state = self._talks[line.conversation_id].state
        return Parked(
            message=line.shown(),
            identity=state.identity,
            profile=state.profile,
            slots=copied(state.slots),
            parked_at=since,
            attempts=line.attempts,
            detail=line.detail,
        )

    async def redrive(self, message_id: int, *, by: str, now: datetime) -> int | None:
        """See `Store.redrive`. Raises `NotFound`."""
        line = self._outbound(message_id)
        if line.parked_at is None:
            return line.replaced_by
        self._unpark(line)
        talk = self._talks[line.conversation_id]
        anew = replace(
            line,
            message_id=next(self._message_ids),
            at=now,
            created_at=now,
            due_at=now,
            delivery=Delivery.QUEUED,
            attempts=min(1, line.attempts),
            error=None,
            detail="",
            sent_as=None,
        )
        line.delivery, line.replaced_by = Delivery.WITHDRAWN, anew.message_id
        self._add(talk, anew)
        self._by_key[anew.key] = anew
        self._leaving[anew.conversation_id] = None
        if line.say is not None and line.say.client_key is not None:
            talk.by_client_key[line.say.client_key] = anew
            line.say = replace(line.say, client_key=None)
        data = {"message_id": message_id, "as": anew.message_id, "by": by}
        self._journal_line(talk, JournalEntry(kind="message.redriven", at=now, data=data))
        return anew.message_id

    async def let_go(self, message_id: int, *, by: str, now: datetime) -> bool:
        """See `Store.let_go`. Raises `NotFound`."""
        line = self._outbound(message_id)
        if line.parked_at is not None:
            self._unpark(line)
            data = {"message_id": message_id, "error": line.error, "by": by}
            self._journal_line(self._talks[line.conversation_id], JournalEntry(kind="message.let_go", at=now, data=data))
        return line.replaced_by is None

    def _unpark(self, line: Line) -> None:
        line.parked_at = None
        self._parked.pop(line.message_id, None)

    async def unsent_count(self, conversation_id: str) -> int:
        """See `Store.unsent_count`."""
        talk = self._talks.get(conversation_id)
        return 0 if talk is None else len(talk.unsent())
