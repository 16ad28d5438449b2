"""What people look at, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import count

from bot.core.events import JournalEntry
from bot.core.model import (
    AgentRef,
    ClockKind,
    Delivery,
    Episode,
    Speaker,
    Standing,
)
from bot.core.seal import Chain, Linked, follow, is_linked
from bot.store.contract import (
    Counts,
    Filter,
    Found,
    Handed,
    Hit,
    JournalLine,
    Message,
    Note,
    Overview,
    Similar,
    Waiting,
)
from bot.store.fake.records import Line, Talk
from bot.store.fake.talks import Talks
from bot.store.remembering import Of, Place, Remembered, note_entry, page, visit_lines
from bot.store.rules import (
    clean_text,
    fits,
    mention,
    risk_at,
    standing_of,
    waiting_since,
)
from bot.store.sight import Sight
from bot.store.similar import ANSWERED_WITHIN, most_alike, telling
from bot.store.waits import booked_in, sample_of, waited
from bot.store.words import HITS, holds, name_of, newest_first, wanted
from handoff.forecast import Sample


class Reading(Talks):
    """Messages, lists, journal, notes, numbers."""

    def __init__(self, mint: Callable[[], str]) -> None:
        super().__init__(mint)
        self._note_ids = count(1)
        self._notes: list[Note] = []

    def _lines_of(self, conversation_id: str) -> list[Line]:
        talk = self._talks.get(conversation_id)
        return [] if talk is None else talk.lines

    async def messages(
        self, conversation_id: str, *, after_seq: int = 0, before_seq: int | None = None, limit: int = 200
    ) -> list[Message]:
        """See `Store.messages`."""
        shown = sorted(
            (line.seq, line)
            for line in self._lines_of(conversation_id)
            if line.seq is not None and line.seq > after_seq and (before_seq is None or line.seq < before_seq)
        )
        part = shown[:limit] if before_seq is None else shown[max(0, len(shown) - limit) :]
        return [line.shown() for _, line in part]

    async def pending_messages(self, conversation_id: str) -> list[Message]:
        """See `Store.pending_messages`."""
        return [
            line.shown() for line in self._lines_of(conversation_id) if line.seq is None and line.delivery is not Delivery.WITHDRAWN
        ]

    async def mark_read(self, conversation_id: str, *, up_to_seq: int, now: datetime) -> None:
        """See `Store.mark_read`."""
        for line in self._lines_of(conversation_id):
            if line.say is not None and line.seq is not None and line.seq <= up_to_seq and line.read_at is None:
                line.read_at = now

    async def overview(self, conversation_id: str) -> Overview:
        """See `Store.overview`."""
        return self._overview(self._talk(conversation_id))

    def _overview(self, talk: Talk) -> Overview:
        state = talk.whole()
        last = next((line for line in reversed(talk.lines) if line.seq == talk.last_seq), None)
        return Overview(
            conversation_id=state.conversation_id,
            identity=state.identity,
            profile=state.profile,
            owner=state.owner,
            slots=state.slots,
            tags=state.tags,
            episode=state.episode,
            clocks=state.clocks,
            last_message=None if last is None else last.shown(),
            last_at=talk.last_at,
            waiting_since=waiting_since(talk.promise, state.episode),
            promise_due_at=talk.promise.due_at if talk.promise else None,
        )

    async def overviews(
        self,
        *,
        view: str,
        agent_id: str | None = None,
        limit: int = 50,
        before: tuple[datetime, str] | None = None,
        sight: Sight | None = None,
    ) -> list[Overview]:
        """See `Store.overviews`. Raises `ValueError` for an unknown view, or `mine` without an agent."""
        match view:
            case "queue":
                found = [self._talks[conversation_id] for conversation_id in self._waiting()]
            case "mine" if agent_id is not None:
                found = self._latest_first(self._talks[held] for held in self._held_by(agent_id))
            case "all":
                found = self._latest_first(talk for talk in self._talks.values() if before is None or _comes_after(talk, before))
            case _:
                raise ValueError(f"no such view: {view!r} (agent {agent_id!r})")
        return [self._overview(talk) for talk in found if _sees(sight, talk)][:limit]

    def _latest_first(self, talks: Iterable[Talk]) -> list[Talk]:
        by_id = sorted(talks, key=lambda talk: talk.state.conversation_id)
        return sorted(by_id, key=lambda talk: talk.last_at, reverse=True)

    def _held_by(self, agent_id: str) -> list[str]:
        return [
            conversation_id
            for conversation_id, episode in self._open_episodes.items()
            if episode.status == "accepted" and episode.agent is not None and episode.agent.agent_id == agent_id
        ]

    def _waiting(self) -> list[str]:
        waiting = [
            (episode.first_words_due_at, conversation_id)
            for conversation_id, episode in self._open_episodes.items()
            if episode.status == "waiting"
        ]
        return [conversation_id for _, conversation_id in sorted(waiting)]

    async def waiting(self) -> list[Waiting]:
        """See `Store.waiting`."""
        found = []
        for conversation_id in self._waiting():
            talk, episode = self._talks[conversation_id], self._open_episodes[conversation_id]
            accept = talk.clocks.get((ClockKind.ACCEPT, episode.episode_id))
            asked = accept.data.get("agent_id") if accept else None
            found.append(Waiting(conversation_id=conversation_id, episode=episode, asked=asked))
        return found

    def held_by(self, agent_id: str) -> list[Episode]:
        """What an agent holds, for those who watch a simulation."""
        return [self._open_episodes[conversation_id] for conversation_id in self._held_by(agent_id)]

    async def booked(self) -> frozenset[tuple[datetime, int]]:
        """See `Store.booked`."""
        return frozenset(booked_in(self._open_episodes.values()))

    async def first_waits(self, *, since: datetime, now: datetime, limit: int) -> list[Sample]:
        """See `Store.first_waits`."""
        held = [episode for talk in self._talks.values() if talk.episodes for episode in talk.episodes.values()]
        found = [one for one in held if since <= one.requested_at < now and waited(one)]
        latest_first = sorted(found, key=lambda one: one.episode_id)
        latest_first.sort(key=lambda one: one.requested_at, reverse=True)
        return [sample_of(one, now) for one in latest_first[:limit]]

    async def filtered(
        self, wanted: Filter, *, limit: int = 50, before: tuple[datetime, str] | None = None, sight: Sight | None = None
    ) -> list[Overview]:
        """See `Store.filtered`."""
        shown = (self._overview(talk) for talk in self._talks.values() if _sees(sight, talk))
        known = sorted(shown, key=lambda one: one.conversation_id)

        def place(one: Overview) -> datetime:
            return risk_at(one) if wanted.risk else one.last_at

        def comes_later(one: Overview, at: datetime, last: str) -> bool:
            here = place(one)
            return one.conversation_id > last if here == at else (here > at) == wanted.risk

        found = sorted((one for one in known if fits(one, wanted)), key=place, reverse=not wanted.risk)
        if before is not None:
            found = [one for one in found if comes_later(one, *before)]
        return found[:limit]

    async def similar_answers(self, text: str, *, besides: str, limit: int, sight: Sight | None = None) -> list[Similar]:
        """See `Store.similar_answers`."""
        words, found = telling(text), list[tuple[int, Similar]]()
        for conversation_id, talk in self._talks.items():
            looked_at = conversation_id != besides and _sees(sight, talk)
            shown = await self.messages(conversation_id, limit=10**6) if looked_at else []
            for place, message in enumerate(shown):
                reply = next((m for m in shown[place + 1 : place + 1 + ANSWERED_WITHIN] if m.speaker is Speaker.AGENT), None)
                alike = message.speaker is Speaker.PROSPECT and any(holds(message.text, (word,)) for word in words)
                if reply is not None and alike:
                    by = reply.agent.name if reply.agent else None
                    found.append((message.message_id, Similar(asked=message.text, text=reply.text, by=by, at=reply.at)))
        newest = [one for _, one in sorted(found, key=lambda pair: -pair[0])]
        return most_alike(text, newest, limit=limit)

    async def search(self, query: str, *, limit: int = 20, sight: Sight | None = None) -> list[Found]:
        """See `Store.search`."""
        words = wanted(query)
        found: dict[str, list[Hit]] = {}
        for conversation_id, talk in self._talks.items():
            name = name_of(talk.state.profile, talk.state.slots)
            shown = [line.shown() for line in talk.lines if line.seq is not None]
            hits = [Hit(kind="name", text=name)]
            hits += [Hit(kind="message", text=m.text, by=m.speaker.value, at=m.at, seq=m.seq) for m in shown]
            hits += [
                Hit(kind="note", text=note.text, by=note.agent.name, at=note.at)
                for note in self._notes
                if note.conversation_id == conversation_id
            ]
            if _sees(sight, talk) and (held := [hit for hit in hits if holds(hit.text, words)]):
                found[conversation_id] = held
        return [Found(overview=self._overview(self._talks[key]), hits=hits[:HITS]) for key, hits in newest_first(found)[:limit]]

    async def remembered(
        self, conversation_id: str, *, kinds: Sequence[str], limit: int, before: Place | None = None, sight: Sight | None = None
    ) -> list[Remembered]:
        """See `RememberingStore.remembered`. Here each conversation is a prospect's only one."""
        talk = self._talks.get(conversation_id)
        if talk is None or not _sees(sight, talk):
            return []
        channel = talk.state.identity.channel

        def line(of: Of, number: int, entry: JournalEntry) -> Remembered:
            return Remembered(of=of, number=number, conversation_id=conversation_id, channel=channel, entry=entry)

        wrote = [(one.at, one.message_id) for one in talk.lines if one.arrival is not None]
        found = [line(Of.MEETING, 0, JournalEntry(kind="met", at=talk.state.created_at, data={}))]
        found += visit_lines(conversation_id, channel, wrote)
        found += [line(Of.JOURNAL, one.journal_id, one.entry) for one in talk.journal if one.entry.kind in kinds]
        found += [
            line(Of.NOTE, one.note_id, note_entry(at=one.at, agent_id=one.agent.agent_id, agent=one.agent.name, text=one.text))
            for one in await self.notes(conversation_id)
        ]
        return page(found, limit=limit, before=before)

    async def agent_load(self) -> dict[str, float]:
        """See `Store.agent_load`."""
        held = (e.agent.agent_id for e in self._open_episodes.values() if e.status == "accepted" and e.agent is not None)
        return {agent_id: self._weight_held(agent_id) for agent_id in dict.fromkeys(held)}

    async def journal(self, conversation_id: str, *, limit: int = 200) -> list[JournalLine]:
        """See `Store.journal`."""
        talk = self._talks.get(conversation_id)
        return [] if talk is None or limit <= 0 else talk.journal[-limit:]

    async def standings(
        self, *, flow_id: str | None = None, after: str = "", limit: int = 200, notes: bool = True
    ) -> list[Standing]:
        """See `Store.standings`."""
        found = [
            standing_of(
                talk.state.conversation_id,
                enrolment,
                (clock.due_at for clock in talk.clocks.values() if clock.key == enrolment.enrolment_id),
                (line.entry for line in (reversed(talk.journal) if notes else ())),
                zone=talk.state.profile.zone,
            )
            for talk in self._talks.values()
            for enrolment in talk.state.live_enrolments
            if flow_id in (None, enrolment.flow_id) and enrolment.enrolment_id > after
        ]
        return sorted(found, key=lambda one: one.enrolment.enrolment_id)[:limit]

    async def journal_of(self, kinds: Sequence[str], *, after: int, limit: int) -> list[JournalLine]:
        """See `Store.journal_of`."""
        lines = [line for talk in self._talks.values() for line in talk.journal]
        later = sorted((line for line in lines if line.journal_id > after), key=lambda line: line.journal_id)
        return [line for line in later if line.entry.kind in kinds][:limit]

    async def chains(self, *, after: str, limit: int) -> list[Chain]:
        """See `Store.chains`."""
        later = sorted(talk_id for talk_id in self._talks if talk_id > after)[: max(0, limit)]
        return [chain_of(talk_id, self._talks[talk_id].journal) for talk_id in later]

    async def episodes(self, conversation_id: str) -> list[Episode]:
        """See `Store.episodes`."""
        talk = self._talks.get(conversation_id)
        found = () if talk is None else talk.episodes.values()
        return sorted(found, key=lambda episode: (episode.requested_at, episode.episode_id))

    async def handed(self, *, since: datetime, until: datetime, kinds: Sequence[str]) -> list[Handed]:
        """See `Store.handed`."""
        found = [
            Handed(
                conversation_id=talk.state.conversation_id,
                channel=talk.state.identity.channel,
                episode=episode,
                lines=tuple(
                    line
                    for line in talk.journal
                    if line.entry.kind in kinds and line.entry.at >= since and line.entry.data.get("episode_id") == key
                ),
                promise_opened_at=talk.promise.opened_at if talk.promise else None,
                promise_due_at=talk.promise.due_at if talk.promise else None,
            )
            for talk in self._talks.values()
            for key, episode in talk.episodes.items()
            if since <= episode.requested_at < until
        ]
        return sorted(found, key=lambda one: (one.episode.requested_at, one.episode.episode_id))

    async def add_note(
        self, conversation_id: str, *, agent: AgentRef, text: str, now: datetime, mentions: Sequence[str] = ()
    ) -> Note:
        """See `Store.add_note`. Raises `NotFound`."""
        self._talk(conversation_id)
        note = Note(
            note_id=next(self._note_ids),
            conversation_id=conversation_id,
            agent=agent,
            text=clean_text(text),
            at=now,
        )
        self._notes.append(note)
        if mentions:
            self.write_notices(conversation_id, (mention(mentions, by=agent.agent_id),), now)
        return note

    async def notes(self, conversation_id: str) -> list[Note]:
        """See `Store.notes`."""
        return [note for note in self._notes if note.conversation_id == conversation_id]

    async def counts(self, *, now: datetime) -> Counts:
        """See `Store.counts`."""
        by_owner: dict[str, int] = {}
        for talk in self._talks.values():
            by_owner[talk.state.owner.value] = by_owner.get(talk.state.owner.value, 0) + 1
        promises = [talk.promise for talk in self._talks.values() if talk.promise is not None]
        return Counts(
            conversations_by_owner=by_owner,
            open_promises=len(promises),
            overdue_promises=sum(promise.due_at < now for promise in promises),
            waiting_episodes=len(self._waiting()),
            queued_messages=sum(line.delivery is Delivery.QUEUED for line in self._lines.values()),
            parked_messages=len(self._parked),
            due_clocks=sum(due_at <= now for due_at, *_ in self._due),
        )


def _comes_after(talk: Talk, place: tuple[datetime, str]) -> bool:
    at, conversation_id = place
    return talk.last_at < at or (talk.last_at == at and talk.state.conversation_id > conversation_id)


def chain_of(conversation_id: str, lines: Sequence[JournalLine]) -> Chain:
    """What a database would have written. In memory nothing is changed behind our back."""
    chained = [line for line in lines if is_linked(line.entry.kind)]
    links, head = follow(None, conversation_id, (line.entry for line in chained))
    return Chain(
        conversation_id=conversation_id,
        head=head,
        lines=tuple(
            Linked(journal_id=line.journal_id, entry=line.entry, link=link) for line, link in zip(chained, links, strict=True)
        ),
    )


def _sees(sight: Sight | None, talk: Talk) -> bool:
    state = talk.state
    return sight is None or sight.sees(episode=state.episode, slots=state.slots, clocks=talk.clocks.values())
