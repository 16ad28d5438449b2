"""What the parts of the store in memory share: conversations with their lines, clocks and journal."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import count

from bot.core.events import JournalEntry
from bot.core.model import Clock, Episode, Identity, changed
from bot.store.braked import CountsInMemory
from bot.store.contract import JournalLine, NotFound
from bot.store.fake.notices import Notices
from bot.store.fake.records import Line, Slot, Talk, copied
from bot.store.flowbook import FlowChange, FlowHead, FlowVersion, StoppedArm
from bot.store.ledger import ClockKey, Ledger
from bot.store.marketing import CONVERTED, HAPPENED, Conversion


class Memory(Notices):
    """Everything that is kept about conversations and flows, and the small changes that several parts make."""

    def __init__(self, mint: Callable[[], str]) -> None:
        super().__init__()
        self._mint = mint
        self._message_ids = count(1)
        self._journal_ids = count(1)
        self._talks: dict[str, Talk] = {}
        self._by_identity: dict[Identity, str] = {}
        self._lines: dict[int, Line] = {}
        self._by_key: dict[str, Line] = {}
        self._due: list[tuple[datetime, str, str, str]] = []
        self._leaving: dict[str, None] = {}
        self._open_episodes: dict[str, Episode] = {}
        self._served: dict[str, tuple[str, datetime]] = {}
        self._parked: dict[int, Line] = {}
        self._conversions: dict[str, Conversion] = {}
        self._held_clocks: Ledger[ClockKey] = Ledger()
        self._held_messages: Ledger[int] = Ledger()
        self._flow_versions: dict[str, list[FlowVersion]] = {}
        self._flow_heads: dict[str, FlowHead] = {}
        self._flow_log: list[FlowChange] = []
        self._flow_revision = 0
        self._flow_counts = CountsInMemory()
        self._arms_harmed: dict[tuple[str, str], Counter[str]] = {}
        self._stopped_arms: dict[tuple[str, str, str], StoppedArm] = {}

    def _talk(self, conversation_id: str) -> Talk:
        try:
            return self._talks[conversation_id]
        except KeyError:
            raise NotFound("conversation", conversation_id) from None

    def _add(self, talk: Talk, line: Line) -> None:
        talk.lines.append(line)
        talk.open[line.message_id] = line
        self._lines[line.message_id] = line

    def _close_line(self, talk: Talk, line: Line) -> None:
        talk.open.pop(line.message_id, None)
        self._held_messages.drop(line.message_id)
        if not talk.unsent():
            self._leaving.pop(line.conversation_id, None)

    def _set_clock(self, talk: Talk, clock: Clock, *, in_place: bool = False) -> None:
        slot = (clock.kind, clock.key)
        self._held_clocks.drop((talk.state.conversation_id, *slot))
        if slot in talk.clocks:
            self._undue(talk, talk.clocks[slot])
            if not in_place:
                del talk.clocks[slot]
        talk.clocks[slot] = changed(clock, data=copied(clock.data))
        insort(self._due, (clock.due_at, talk.state.conversation_id, clock.kind.value, clock.key))

    def _stop_clock(self, talk: Talk, slot: Slot) -> None:
        clock = talk.clocks.pop(slot, None)
        if clock is not None:
            self._undue(talk, clock)

    def _undue(self, talk: Talk, clock: Clock) -> None:
        entry = (clock.due_at, talk.state.conversation_id, clock.kind.value, clock.key)
        del self._due[bisect_left(self._due, entry)]

    def _journal_line(self, talk: Talk, entry: JournalEntry) -> None:
        line = JournalLine(
            journal_id=next(self._journal_ids),
            conversation_id=talk.state.conversation_id,
            entry=changed(entry, data=copied(entry.data)),
        )
        talk.journal.append(line)
        if entry.kind in (CONVERTED, HAPPENED):
            told = Conversion(external_id=entry.data["external_id"], conversation_id=talk.state.conversation_id, entry=line.entry)
            self._conversions[told.external_id] = told

    def _weight_held(self, agent_id: str, *, beside: str = "") -> float:
        return sum(
            episode.weight
            for conversation_id, episode in self._open_episodes.items()
            if conversation_id != beside
            and episode.status == "accepted"
            and episode.agent is not None
            and episode.agent.agent_id == agent_id
        )
