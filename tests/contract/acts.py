"""The people, moments and small acts that tests of stores share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.events import Claim, Decision, JournalEntry
from bot.core.model import AgentRef, Arrival, ClockKind, Enrolment, Episode, Identity, Owner, Reason, Say, Speaker, State
from bot.store.contract import Committed, DueClock, Outgoing, Store, TakenIn
from bot.store.marketing import CONVERTED

T0 = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ANN = Identity(channel="widget", external_id="ann")
BEN = Identity(channel="widget", external_id="ben")
MIA = AgentRef(agent_id="mia", name="Mia")
LEASE = timedelta(seconds=10)
ME, OTHER = "here/hands", "elsewhere/hands"
TURN, PROMISE = (ClockKind.TURN, ""), (ClockKind.PROMISE, "")


def at(seconds: float) -> datetime:
    """A moment, in seconds after the start of the story."""
    return T0 + timedelta(seconds=seconds)


def arrival(external_id: str, *, who: Identity = ANN, sent: float = 0, text: str = "hey") -> Arrival:
    """A message from outside."""
    return Arrival(identity=who, external_id=external_id, sent_at=at(sent), text=text)


async def take(store: Store, *arrivals: Arrival, now: float = 0) -> list[TakenIn]:
    """Take in, to be answered in 2 s, promised in 60 s."""
    return await store.take_in(arrivals, now=at(now), answer_at=at(now + 2), promise_due_at=at(now + 60))


async def met(store: Store, who: Identity = ANN, *, now: float = 0) -> str:
    """The conversation of somebody who wrote once and was answered."""
    (taken,) = await take(store, arrival("first", who=who, sent=now), now=now)
    await answer(store, taken.conversation_id, now=now)
    return taken.conversation_id


async def answer(store: Store, conversation_id: str, *says: Say, now: float = 0) -> Committed:
    """Hear everything, keep the promise, say this."""
    loaded = await store.load(conversation_id)
    return await store.commit(conversation_id, version=loaded.version, decision=heard_all(loaded.state, *says), now=at(now))


def heard_all(state: State, *says: Say) -> Decision:
    """The decision that answers a burst."""
    kept = tuple(clock for clock in state.clocks if clock.kind not in (ClockKind.TURN, ClockKind.PROMISE))
    return Decision(
        state=replace(state, unheard=(), promise=None, clocks=kept),
        heard=tuple(heard.message_id for heard in state.unheard),
        cancel_clocks=(TURN, PROMISE),
        say=says,
    )


async def change(store: Store, conversation_id: str, *, now: float = 0, **changes: object) -> Committed:
    """Commit changed fields of the state."""
    loaded = await store.load(conversation_id)
    decision = Decision(state=replace(loaded.state, **changes))  # type: ignore[arg-type]
    return await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(now))


def bot(text: str, *, due: float | None = None) -> Say:
    """A bubble of the bot's."""
    return Say(speaker=Speaker.BOT, text=text, due_at=None if due is None else at(due))


async def due(store: Store, now: float, *, channels: tuple[str, ...] = ("widget",), limit: int = 10) -> list[Outgoing]:
    """What the outbox has to send."""
    return await store.outbox_due(now=at(now), limit=limit, channels=channels)


async def claim(store: Store, worker: str, now: float, *, limit: int = 9, skip: frozenset[str] = frozenset()) -> list[DueClock]:
    """Due clocks, held for ten seconds."""
    return await store.claim_clocks(worker=worker, now=at(now), until=at(now) + LEASE, limit=limit, skip=skip)


async def claim_out(store: Store, worker: str, now: float, *, limit: int = 9, skip: frozenset[str] = frozenset()) -> list[Outgoing]:
    """Messages to send, held for ten seconds."""
    until = at(now) + LEASE
    return await store.claim_outbox(worker=worker, now=at(now), until=until, limit=limit, channels=("widget",), skip=skip)


async def sending(store: Store, message_id: int, *, now: datetime, sent_as: str | None = None) -> bool:
    """Claim what is due and mark a message as being sent."""
    await store.claim_outbox(worker=ME, now=now, until=now + LEASE, limit=99, channels=("widget", "rest"))
    return await store.mark_sending(message_id, worker=ME, now=now, sent_as=sent_as)


async def noted(store: Store, conversation_id: str, episode: Episode, now: float, *lines: tuple[str, str]) -> None:
    """Commit an episode, with (kind, episode's id) lines of the journal."""
    loaded = await store.load(conversation_id)
    journal = tuple(JournalEntry(kind=kind, at=at(now), data={"episode_id": of}) for kind, of in lines)
    decision = Decision(state=replace(loaded.state, episode=episode), journal=journal)
    await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(now))


async def people_met(store: Store, number: int) -> list[str]:
    """Conversations of so many people."""
    return [await met(store, Identity(channel="widget", external_id=f"p{n}"), now=n) for n in range(number)]


async def claimed(store: Store, conversation_id: str, name: str, *, capacity: float, weight: float = 1) -> Committed:
    """Mia takes it, if she has room, and says something."""
    loaded = await store.load(conversation_id)
    episode = replace(waiting_episode(name), status="accepted", agent=MIA, accepted_at=at(9), weight=weight)
    decision = Decision(
        state=replace(loaded.state, episode=episode, owner=Owner.AGENT),
        say=(bot("Mia is here"),),
        journal=(JournalEntry(kind="episode.accepted", at=at(9)),),
        claim=Claim(agent_id=MIA.agent_id, weight=weight, capacity=capacity),
    )
    return await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(9))


def waiting_episode(name: str = "e1", *, due_in: float = 120) -> Episode:
    """A handoff that nobody has accepted."""
    return Episode(episode_id=name, reason=Reason.ASKED, requested_at=T0, first_words_due_at=at(due_in), offered_to=("mia",))


def enrolment(name: str, flow: str = "welcome", *, status: str = "live") -> Enrolment:
    """Somebody inside a flow."""
    return Enrolment(
        enrolment_id=name,
        flow_id=flow,
        flow_version=3,
        step_id="hello",
        entered_at=T0,
        step_entered_at=T0,
        status=status,
        visits={"hello": 1},
    )


async def commit(store: Store, conversation_id: str, *entries: JournalEntry, now: float = 0) -> None:
    """Change nothing but the journal."""
    loaded = await store.load(conversation_id)
    decision = Decision(state=replace(loaded.state, turns=loaded.state.turns + 1), journal=entries)
    await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(now))


def sold(external_id: str, value: str = "9.90") -> JournalEntry:
    """Somebody bought."""
    return JournalEntry(kind=CONVERTED, at=T0, data={"external_id": external_id, "name": "sale", "value": value})
