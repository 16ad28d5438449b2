"""Conversations as tests of the audit need them, and what it finds in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.core.audit import Finding, findings_of
from bot.core.audit_sent import findings_of_sent
from bot.core.events import Decision, JournalEntry
from bot.core.model import Clock, ClockKind, Enrolment, Identity, Owner, Say, Speaker
from bot.store.auditing import Marks
from bot.store.contract import Store
from nurture.flow import Flow
from nurture.load import load_flows
from tests.contract.acts import ANN, MIA, T0, at, enrolment, met, waiting_episode

FLOWS: Mapping[str, Flow] = load_flows(Path(__file__).parents[2] / "flows")


VERSION = FLOWS["follow_up"].version


LATE = at(1e9)


FACEBOOK = Identity(channel="facebook", external_id="fay")


async def keep(
    store: Store,
    conversation_id: str,
    *clocks: Clock,
    say: tuple[Say, ...] = (),
    journal: tuple[JournalEntry, ...] = (),
    now: float = 0,
    **changes: Any,
) -> tuple[int, ...]:
    """Commit changes, clocks, words and journal lines; gives the ids of the words."""
    loaded = await store.load(conversation_id)
    kept = tuple(c for c in loaded.state.clocks if (c.kind, c.key) not in {(n.kind, n.key) for n in clocks})
    state = replace(loaded.state, clocks=(*kept, *clocks), **changes)
    decision = Decision(state=state, set_clocks=clocks, say=say, journal=journal)
    return (await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(now))).message_ids


def clock(kind: ClockKind, key: str = "e1", due: float = 60) -> Clock:
    """A clock of the episode."""
    return Clock(kind=kind, key=key, due_at=at(due))


LADDER = (clock(ClockKind.RUNG), clock(ClockKind.OFFER), clock(ClockKind.FIRST_WORDS))


async def waits(store: Store, who: Identity = ANN, name: str = "e1") -> str:
    """Somebody waits for a person, and all clocks run."""
    conversation_id = await met(store, who)
    clocks = tuple(replace(one, key=name) for one in LADDER)
    await keep(store, conversation_id, *clocks, owner=Owner.WAITING, episode=waiting_episode(name))
    return conversation_id


async def talks(store: Store, **more: Any) -> str:
    """An agent talks with somebody and has not written yet."""
    conversation_id = await waits(store)
    episode = replace(waiting_episode(), status="accepted", agent=MIA, accepted_at=at(10), offered_at=T0, **more)
    await keep(store, conversation_id, owner=Owner.AGENT, episode=episode)
    return conversation_id


async def enrolled(store: Store, who: Identity = ANN, name: str = "n1", **more: Any) -> str:
    """Somebody is in a flow and its clock runs."""
    conversation_id = await met(store, who)
    held = replace(enrolment(name), **{"waiting_for": "time", **more})
    await keep(store, conversation_id, clock(ClockKind.STEP, name, 9e5), enrolments=(held,))
    return conversation_id


async def leaving(store: Store, message_id: int, now: float, sent_as: str | None = None) -> bool:
    """Claim it and hand it over."""
    every = ("widget", "rest", "facebook")
    await store.claim_outbox(worker="w", now=at(now), until=at(now + 10), limit=99, channels=every)
    return await store.mark_sending(message_id, worker="w", now=at(now), sent_as=sent_as)


async def send(
    store: Store, conversation_id: str, *says: Say, now: float, local: bool = False, sent_as: str | None = None, **more: Any
) -> list[int]:
    """Say and send these, one after the other."""
    message_ids = await keep(store, conversation_id, say=says, now=now, **more)
    for message_id in message_ids:
        if not local:
            assert await leaving(store, message_id, now, sent_as)
        await store.mark_sent(message_id, now=at(now), external_id=f"x{message_id}")
    return list(message_ids)


def flow_say(wording: str = "follow_up/next_day#0", *, prompted: bool = False) -> Say:
    """A flow's words."""
    return Say(speaker=Speaker.FLOW, text="How is it going?", wording=wording, enrolment_id="n1", prompted=prompted)


async def open_findings(store: Store, *, overdue_before: datetime = T0 - timedelta(1), marks: Marks = Marks()) -> list[Finding]:  # noqa: B008
    """What the looks at open things find."""
    look = await store.audit_open(overdue_before=overdue_before, before=LATE, marks=marks, limit=50, stretch=50)
    return [f for one in look.found for f in findings_of(one, now=LATE, overdue_before=overdue_before)]


async def sent_findings(store: Store, marks: Marks = Marks()) -> list[Finding]:  # noqa: B008
    """What the look at sent messages finds."""
    look = await store.audit_sent(before=LATE, marks=marks, limit=500)
    return [f for one in look.found for f in findings_of_sent(one, FLOWS, "UTC")]


def codes(found: list[Finding]) -> set[tuple[str, str]]:
    """Codes and conversations."""
    return {(f.code, f.conversation_id) for f in found}


def live_in_follow_up() -> Enrolment:
    """An enrolment in the reference flow."""
    return replace(enrolment("n1", "follow_up"), flow_version=VERSION, waiting_for="person")
