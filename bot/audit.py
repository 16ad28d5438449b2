"""The audit: looks for what may never happen, keeps what it finds, and sends what can be mended through the one path for events.

One process looks at a time, whoever it is. Every look is bounded; what is left over is looked at next time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import perf_counter

import structlog

from bot.conversations import Conversations
from bot.core.audit import Finding, Suspect, findings_of, lacks
from bot.core.audit_sent import findings_of_sent
from bot.core.events import Audited, Event
from bot.core.model import State, WarmlineError
from bot.hub import Hub
from bot.logs import refused_fields
from bot.metrics import AUDIT_SECONDS
from bot.store.auditing import Found, Marks, Stray
from bot.store.contract import NotFound, Store
from bot.time import Time
from nurture.engine import Nurture

log = structlog.get_logger()

SETTLED = timedelta(seconds=30)
"""So long after it left a message is judged: by then everything that was true as it left is committed, on every machine."""

HELD = timedelta(seconds=60)
"""So long one process may look before another may; a look takes a fraction of a second."""

STRETCH = 10_000
"""Rows of which only an index is read, such as sleeping enrolments, in one run. They take some 30 ms."""

BATCHES = 25
"""Batches in one run; between them others read."""

KEPT = 500
"""Findings that still hold and are looked at again in one run."""

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much and how late. `capacity`: the weight of episodes that an agent may hold where nothing else is said; `suspects`:
    conversations judged in one look, and so the repairs it makes."""

    batch: int
    late_s: float
    capacity: int
    suspects: int = 100


async def look(
    store: Store, nurture: Nurture, bounds: Bounds, marks: Marks, *, now: datetime, overdue_before: datetime
) -> tuple[list[Finding], Marks, bool]:
    """One bounded look at everything. Gives what is wrong, the marks after it and whether there is more already."""
    settled = now - SETTLED
    opened = await store.audit_open(
        overdue_before=overdue_before, before=settled, marks=marks, limit=bounds.suspects, stretch=STRETCH
    )
    found = [f for suspect in opened.found for f in findings_of(suspect, now=now, overdue_before=overdue_before)]
    marks, sent_more, strays_more = opened.marks, True, True
    for _ in range(BATCHES):
        if sent_more:
            sent = await store.audit_sent(before=settled, marks=marks, limit=bounds.batch)
            found += [f for one in sent.found for f in findings_of_sent(one, nurture.flows, nurture.default_zone)]
            marks, sent_more = sent.marks, sent.more
        if strays_more:
            strays = await store.audit_strays(marks=marks, limit=STRETCH)
            found += [_stray(one, now) for one in strays.found]
            marks, strays_more = strays.marks, strays.more
    found += [Finding(code="over_capacity", at=now, key=agent_id) for agent_id in await _above_capacity(store, bounds.capacity)]
    return found, marks, opened.more or sent_more or strays_more


async def _above_capacity(store: Store, usual: float) -> list[str]:
    """Agents who hold more than they have room for, though nobody said that they may."""
    known = {agent.agent_id: agent for agent in await store.agents()}
    above = []
    for agent_id, load in (await store.agent_load()).items():
        if load <= (known[agent_id].may_hold(usual) if agent_id in known else usual):
            continue
        held = await store.overviews(view="mine", agent_id=agent_id, limit=100)
        if len(held) > 1 and not any(one.episode is not None and one.episode.above_capacity for one in held):
            above.append(agent_id)
    return above


def _stray(stray: Stray, now: datetime) -> Finding:
    return Finding(code="stray_row", at=now, conversation_id=stray.conversation_id, key=f"{stray.table} {stray.row_id}")


class Auditor:
    """See the module. `holder` names this process; `late` is called when clocks are overdue."""

    def __init__(
        self, store: Store, conversations: Conversations, hub: Hub, time: Time, bounds: Bounds, *, every_s: float, holder: str
    ) -> None:
        self._store, self._conversations, self._hub, self._time = store, conversations, hub, time
        self._bounds, self._every_s, self._holder = bounds, every_s, holder
        self._up_since = time.now()
        self._refused: Mapping[str, int] = {}
        self.late: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Look, and look again, until cancelled. A failure is logged; the next look starts where the last good one ended."""
        while True:
            await self._time.wait(asyncio.Event(), self._every_s)
            try:
                await self.look()
            except WarmlineError as error:
                log.warning("audit.failed", error=type(error).__name__)
            except Exception:
                log.exception("audit.failed")

    async def look(self) -> bool:
        """One look with its repairs. False if another process is looking."""
        now, started = self._time.now(), perf_counter()
        last = await self._store.audit_begin(holder=self._holder, now=now, until=now + HELD)
        if last is None:
            return False
        found, marks, behind = await look(
            self._store, self._conversations.rules.nurture, self._bounds, last.marks, now=now, overdue_before=self._overdue_before()
        )
        found += self._from_logs(now)
        for finding in await self._store.add_findings(found, now=now):
            log.error("audit.found", row=finding.row, code=finding.code, conversation_id=finding.conversation_id)
        if any(finding.code.endswith("_overdue") for finding in found):
            self.late()
        await self._mend(found)
        took_s = perf_counter() - started
        AUDIT_SECONDS.observe(took_s)
        run = replace(last, ran_at=now, took_s=took_s, runs=last.runs + 1, behind=behind, marks=marks)
        await self._store.audit_end(run, holder=self._holder)
        self._hub.publish("console", {"type": "audit"})
        return True

    def _overdue_before(self) -> datetime:
        """What fell due while nobody was there is late, but not forgotten: it has its time to fire after a start."""
        late = timedelta(seconds=self._bounds.late_s)
        now = self._time.now()
        return now - late if now - self._up_since >= late else NEVER

    def _from_logs(self, now: datetime) -> list[Finding]:
        """Fields that log lines were refused since the last look."""
        before, self._refused = self._refused, refused_fields()
        return [Finding(code="log_field", at=now, key=name) for name, times in self._refused.items() if times > before.get(name, 0)]

    async def _mend(self, found: list[Finding]) -> None:
        """Set again what is missing, then look at every finding that still holds: is it mended, or over?"""
        mended: set[str] = set()
        for conversation_id in dict.fromkeys(f.conversation_id for f in found if f.lasting and f.conversation_id):
            if await self._rearm(conversation_id):
                mended.add(conversation_id)
        still = {_name(f) for f in found if not f.conversation_id}
        ended: dict[str, list[int]] = {"repaired": [], "over": []}
        for kept in await self._store.findings(limit=KEPT, lasting=True):
            if not await self._holds(kept, still):
                outcome = "repaired" if kept.finding.conversation_id in mended else "over"
                ended[outcome].append(kept.finding_id)
        for outcome, finding_ids in ended.items():
            if finding_ids:
                await self._store.end_findings(finding_ids, outcome=outcome, now=self._time.now())

    async def _rearm(self, conversation_id: str) -> bool:
        """Whether there was something to set again, and it is."""
        lacked: list[bool] = []

        def event(state: State) -> Event | None:
            lacked.append(bool(lacks(state)))
            return Audited() if lacked[-1] else None

        try:
            await self._conversations.handle(conversation_id, event)
        except WarmlineError as error:
            log.warning("audit.not_repaired", conversation_id=conversation_id, error=type(error).__name__)
            return False
        return lacked[-1]

    async def _holds(self, kept: Found, still: set[tuple[str, str, str]]) -> bool:
        """Whether a finding holds now. One about no conversation holds if this look found it again."""
        finding = kept.finding
        if not finding.conversation_id:
            return _name(finding) in still
        try:
            state = (await self._store.load(finding.conversation_id)).state
        except NotFound:
            return False
        if finding.code == "two_episodes":
            return sum(e.status != "closed" for e in await self._store.episodes(finding.conversation_id)) > 1
        now = self._time.now()
        as_it_is = findings_of(Suspect(state=state), now=now, overdue_before=now - timedelta(seconds=self._bounds.late_s))
        return _name(finding) in {_name(one) for one in as_it_is}


def _name(finding: Finding) -> tuple[str, str, str]:
    return finding.code, finding.conversation_id, finding.key
