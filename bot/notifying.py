"""Brings notices to people: plans each once, and carries what is due, one carrier after the other until somebody has seen it.

A notice is stored with the commit that caused it, and each carrier's turn is a row with a time, so a crash loses none. What was
being handed over when the process died is handed over once more, after `CLAIM_S`: at least once, and never twice otherwise. Web
pushes of one conversation take each other's place, e-mails keep their Message-ID and webhooks their key, so a repeat can be told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.carriers.base import Call, Carries, NotCarried
from bot.core.model import State
from bot.hub import Hub
from bot.metrics import NOTIFICATIONS
from bot.store.contract import Agent, NotFound, Overview, Store, StoreError
from bot.store.noticing import INSTALLATION, Noticed, Notification
from bot.store.readers import sees, sight, sight_among
from bot.time import Time
from bot.wishes import wishes_of
from handoff.chain import OUTSIDE, TOLD_ONCE, URGENT, Carrier, Person, Ways, people_of, plan, refused, retry_at, still_matters
from handoff.outside import told_outside
from handoff.presence import Presence

log = structlog.get_logger()

AT_ONCE = 16
PLANNED_AT_ONCE = 100
CLAIM_S = 60.0
PAUSE_S = 2.0
"""How long to wait after the store failed."""
ABOVE_TEAMS = frozenset({"page", "brake"})
"""Notices for whoever is in charge, of whichever team they are. They name nobody whom their reader may not read about."""
KEPT = timedelta(days=90)
FORGET_EVERY = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outward:
    """What is said outside the console: from which address the console is reached, and whether words and names may be said."""

    public_url: str = ""
    with_words: bool = False


class Notifier:
    """See the module."""

    def __init__(
        self,
        store: Store,
        time: Time,
        hub: Hub,
        presence: Presence,
        carriers: Mapping[Carrier, Carries],
        ways: Ways,
        *,
        supervisors: Callable[[], Sequence[str]],
        outward: Outward = Outward(),
        name: str,
    ) -> None:
        self._store, self._time, self._hub, self._presence = store, time, hub, presence
        self._carriers, self.ways, self._supervisors, self._outward, self._name = carriers, ways, supervisors, outward, name
        self._news = asyncio.Event()
        self._hands: dict[asyncio.Task[None], None] = {}
        self._fresh = True
        self._crowded = False
        self._forgot_at: datetime | None = None
        self._stopping = False

    def wake(self) -> None:
        """There is a new notice, or an agent has seen one."""
        self._fresh = True
        self._news.set()

    @property
    def in_hand(self) -> int:
        """How many are being carried."""
        return len(self._hands)

    async def run(self) -> None:
        """Until cancelled."""
        while not self._stopping:
            self._news.clear()
            next_at: datetime | None = self._time.now() + timedelta(seconds=PAUSE_S)
            try:
                next_at = await self.look()
            except StoreError as error:
                log.warning("notify.put_off", error=type(error).__name__)
            except Exception:
                log.exception("notify.failed")
            if not await self._time.rest(self._news, next_at):
                self._fresh = True

    async def look(self) -> datetime | None:
        """Plan what is new, start what is due; gives when the next is."""
        if self._fresh:
            self._fresh = False
            await self._plan_fresh()
        now = self._time.now()
        room = AT_ONCE - len(self._hands)
        if room > 0 and await self._store.notifications_due(now=now):
            until = now + timedelta(seconds=CLAIM_S)
            for one in await self._store.claim_notifications(worker=self._name, now=now, until=until, limit=room):
                hand = asyncio.create_task(self._carry(one))
                self._hands[hand] = None
                hand.add_done_callback(self._done)
            self._crowded = len(self._hands) == AT_ONCE
        await self._forget(now)
        return await self._store.notifications_next_at(after=now)

    async def stop(self, within_s: float) -> None:
        """Start nothing new; give what is in hand `within_s` seconds. What is cut off is carried again."""
        self._stopping = True
        self.wake()
        if self._hands:
            await asyncio.wait(self._hands, timeout=within_s)
        for hand in tuple(self._hands):
            hand.cancel()
        await asyncio.gather(*self._hands, return_exceptions=True)
        for carrier in self._carriers.values():
            await carrier.close()

    def _done(self, hand: asyncio.Task[None]) -> None:
        self._hands.pop(hand, None)
        if self._crowded:
            self._news.set()

    # ---- planning

    async def _plan_fresh(self) -> None:
        more = True
        while more:
            fresh = await self._store.fresh_notices(limit=PLANNED_AT_ONCE)
            more = len(fresh) == PLANNED_AT_ONCE
            if not fresh:
                return
            agents = await self._store.agents()
            enabled = [agent for agent in agents if agent.disabled_at is None]
            everybody, named = self._people(enabled), _named(enabled, self._supervisors())
            for one in fresh:
                await self._plan(one, agents, everybody, named)

    async def _plan(self, one: Noticed, agents: Sequence[Agent], everybody: Sequence[Person], supervisors: Sequence[str]) -> None:
        readers = everybody if one.notice.kind in ABOVE_TEAMS else await self._readers(one.conversation_id, agents, everybody)
        concerned = people_of(one.notice, readers, supervisors)
        people = [replace(person, wishes=await wishes_of(self._store, person.agent_id)) for person in concerned]
        planned = plan(one.notice, people, self.ways, one.at)
        if await self._store.plan_notice(one.notice_id, planned, now=self._time.now()):
            log.info("notice.planned", notice_id=one.notice_id, kind=one.notice.kind, people=len(people), turns=len(planned))

    async def _readers(self, conversation_id: str, agents: Sequence[Agent], everybody: Sequence[Person]) -> Sequence[Person]:
        """Those who may read the conversation: nobody else is told of it."""
        sights = {agent.agent_id: sight_among(agent, agents) for agent in agents}
        if not any(sights.values()):
            return everybody
        overview = await self._store.overview(conversation_id)
        return [one for one in everybody if sees(sights[one.agent_id], overview)]

    def _people(self, agents: Sequence[Agent]) -> list[Person]:
        """Everybody, without what they wish: only of those whom a notice concerns is that read."""
        online = frozenset(self._presence.online())
        return [
            Person(
                agent_id=agent.agent_id,
                at_desk=self._presence.of(agent.agent_id) != "offline",
                online=agent.agent_id in online,
            )
            for agent in agents
        ]

    # ---- carrying

    async def _carry(self, one: Notification) -> None:
        carrier = Carrier(one.carrier)
        try:
            why = await self._refused(one, carrier)
            if why is not None:
                # Another carrier may still do where this one may not; what is over is over for all of them.
                await self._drop(one, why, next_now=why in ("not_wanted", "quiet_hours"))
                return
            if carrier in (Carrier.IN_PAGE, Carrier.SOUND):
                self._in_page(one)
            else:
                await self._outside(one, carrier)
            await self._store.notification_sent(one.notification_id, now=self._time.now())
            self._count(one, "sent")
        except NotCarried as failure:
            await self._failed(one, carrier, failure)
        except StoreError as error:
            log.warning("notify.unrecorded", notification_id=one.notification_id, error=type(error).__name__)
        except Exception:
            log.exception("notify.failed", notification_id=one.notification_id, carrier=one.carrier)
            await self._failed(one, carrier, NotCarried("internal"))

    async def _refused(self, one: Notification, carrier: Carrier) -> str | None:
        """Why it is not carried, if so. Everything is judged as it is now, not as it was planned."""
        state = await self._state(one.conversation_id)
        if state is None or not still_matters(one.kind, one.data, one.agent_id, state):
            return "over"
        if one.agent_id == INSTALLATION:
            return None
        now = self._time.now()
        why = refused(one.kind, carrier, await wishes_of(self._store, one.agent_id), now)
        if why is None and carrier in OUTSIDE and one.kind in TOLD_ONCE:
            since = now - timedelta(seconds=self.ways.rest_s)
            about = {"conversation_id": one.conversation_id, "carrier": one.carrier}
            why = "told_already" if await self._store.told_since(one.agent_id, since=since, **about) else None
        return why

    async def _state(self, conversation_id: str) -> State | None:
        try:
            return (await self._store.load(conversation_id)).state
        except NotFound:
            return None

    def _in_page(self, one: Notification) -> None:
        """Once more to the agent's open consoles, with a sound."""
        frame = {
            **one.data, "type": "notice", "kind": one.kind, "to": [one.agent_id], "notice_id": one.notice_id,
            "conversation_id": one.conversation_id, "sound": one.carrier == Carrier.SOUND,
        }  # fmt: skip
        self._hub.publish("console", frame)

    async def _outside(self, one: Notification, carrier: Carrier) -> None:
        carries = self._carriers.get(carrier)
        if carries is None:
            raise NotCarried("not_set_up", for_good=True)
        await carries.carry(await self._call(one))

    async def _call(self, one: Notification) -> Call:
        agent = None if one.agent_id == INSTALLATION else await self._store.agent(one.agent_id)
        overview = await self._shown(one, agent) if self._outward.with_words else None
        title, text = told_outside(one.kind, one.data, overview)
        base = self._outward.public_url.rstrip("/")
        return Call(
            key=f"n{one.notification_id}",
            notice_id=one.notice_id,
            kind=one.kind,
            conversation_id=one.conversation_id,
            episode_id=one.data.get("episode_id"),
            agent=agent,
            title=title,
            text=text,
            url=f"{base}/console#/all/{one.conversation_id}" if base else "",
            at=self._time.now(),
            urgent=one.kind in URGENT or one.kind == "push",
        )

    async def _shown(self, one: Notification, agent: Agent | None) -> Overview | None:
        overview = await self._store.overview(one.conversation_id)
        return overview if agent is None or sees(await sight(self._store, agent), overview) else None

    async def _drop(self, one: Notification, why: str, *, next_now: bool) -> None:
        await self._store.notification_dropped(one.notification_id, error=why, now=self._time.now(), next_now=next_now)
        if next_now:
            self._news.set()
        self._count(one, "dropped")

    async def _failed(self, one: Notification, carrier: Carrier, failure: NotCarried) -> None:
        now = self._time.now()
        again = None if failure.for_good else retry_at(carrier, one.attempts + 1, now, failure.after_s)
        log.info("notify.not_carried", notification_id=one.notification_id, carrier=carrier.value, error=failure.error)
        try:
            await self._store.notification_failed(one.notification_id, error=failure.error, now=now, retry_at=again)
        except StoreError as error:
            log.warning("notify.unrecorded", notification_id=one.notification_id, error=type(error).__name__)
        # It is due again, or the next carrier is.
        self._news.set()
        if again is None:
            self._count(one, "failed")

    def _count(self, one: Notification, state: str) -> None:
        NOTIFICATIONS.labels(one.carrier, state).inc()

    async def _forget(self, now: datetime) -> None:
        if self._forgot_at is None or now - self._forgot_at >= FORGET_EVERY:
            self._forgot_at = now
            await self._store.forget_notices(before=now - KEPT)


def _named(agents: Sequence[Agent], names: Sequence[str]) -> list[str]:
    """Ids of those whom the promises file names as supervisors, by e-mail address, id or name."""
    wanted = {name.casefold() for name in names}
    return [a.agent_id for a in agents if wanted & {a.email.casefold(), a.agent_id.casefold(), a.name.casefold()}]
