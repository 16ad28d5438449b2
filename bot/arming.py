"""Sets the clocks of flows that begin by themselves for people about whom nothing is decided just now.

Every decision sets them for its own person. When such a flow is new or changed, everybody else is gone through once, a page at a
time; what holds for whom is decided as always, so that a kill, a second service or a second look changes nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import json

import structlog

from bot.conversations import Conversations
from bot.core.events import Audited
from bot.core.model import FlowMode, State, WarmlineError
from bot.published import Published
from bot.store.contract import Store
from bot.store.importing import Contact
from bot.time import Time
from nurture.book import Nurture
from nurture.flow import Flow

log = structlog.get_logger()

LOOK_EVERY_S = 30.0
PAGE = 200
ARMED = "flows.armed"
"""The stored mark of the flows for which everybody was gone through."""


def timed(nurture: Nurture) -> list[Flow]:
    """The flows that may begin by themselves."""
    return [
        flow
        for flow_id, flow in sorted(nurture.flows.items())
        if nurture.ruling(flow_id).mode is FlowMode.LIVE
        and any(trigger.schedule or (trigger.segment and trigger.segment.silence) for trigger in flow.triggers)
    ]


def mark_of(flows: list[Flow]) -> str:
    """Names what the clocks of these flows are set by: the same again needs no going through."""
    told = [(flow.flow_id, str(flow.triggers), str(flow.audience), flow.repeat, flow.zone) for flow in flows]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24] if flows else ""


class Arming:
    """See the module."""

    def __init__(self, store: Store, conversations: Conversations, published: Published, time: Time) -> None:
        self._store, self._conversations, self._published, self._time = store, conversations, published, time

    async def run(self) -> None:
        """Until cancelled: look now and then whether such flows are new or changed."""
        while True:
            try:
                await self.look()
            except WarmlineError as error:
                log.warning("flows.not_armed", error=type(error).__name__)
            except Exception:
                log.exception("flows.not_armed")
            await self._time.wait(asyncio.Event(), LOOK_EVERY_S)

    async def look(self) -> int:
        """Go through everybody, if there is something new; gives how many it may be for."""
        await self._published.refresh()
        flows = timed(self._published.nurture)
        mark = mark_of(flows)
        if mark == (await self._store.setting(ARMED) or ""):
            return 0
        people, after = 0, ""
        while page := await self._store.contacts(after=after, limit=PAGE):
            for contact in page:
                if any(_may_be_for(flow, contact) for flow in flows):
                    people += 1
                    await self._conversations.handle(contact.conversation_id, _looked_at)
            after = page[-1].conversation_id
        await self._store.put_setting(ARMED, mark)
        log.info("flows.armed", flows=len(flows), people=people)
        return people


def _looked_at(state: State) -> Audited | None:
    return None if state.opted_out_at else Audited()


def _may_be_for(flow: Flow, contact: Contact) -> bool:
    audience, tags = flow.audience, set(contact.tags)
    channel_fits = not audience.channels or contact.identity.channel in audience.channels
    return contact.opted_out_at is None and channel_fits and audience.tags <= tags and not audience.not_tags & tags
