"""What the console needs of the service, as narrow as it uses it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from aiohttp import web

from bot.circuit import Circuit
from bot.core.events import Event
from bot.core.model import AgentRef, Identity, State
from bot.promising import Promises
from bot.store.contract import Store
from handoff.chain import Ways
from handoff.policy import Policy
from handoff.presence import Presence

type Frame = dict[str, Any]


class HandledPort(Protocol):
    """What became of an event."""

    @property
    def state(self) -> State:
        """The conversation after it."""

    @property
    def message_ids(self) -> tuple[int, ...]:
        """The messages it queued."""


class ConversationsPort(Protocol):
    """The one path for every event."""

    async def handle(self, conversation_id: str, event: Event) -> HandledPort:
        """Decide and commit. Raises CommandRefused, NotFound, VersionConflict, StoreUnavailable."""


class SubscriptionPort(Protocol):
    """One listener's frames, in order; `{"type": "lagged"}` stands for frames that were dropped."""

    async def get(self) -> Frame:
        """The next frame."""


class HubPort(Protocol):
    """Live news, from this service and the others. Ids go in, names are looked up where they are shown.

    Topic `console`: {"type": "conversation", "conversation_id"}, {"type": "message", "conversation_id", "seq"},
    {"type": "typing", "conversation_id", "agent_id"} (None: the prospect), {"type": "presence"},
    {"type": "outbox"}: what could not be delivered has changed, {"type": "audit"}: the audit has looked,
    {"type": "notice", "kind", "to", "conversation_id", "text", "agent_id", ...} (see `handoff.api.wording`),
    {"type": "signed_out", "agent_id", "token_sha256"} (None: every session of the agent).
    Topic `conversation:<id>`: {"type": "typing", "on", "agent_id"}.
    """

    def publish(self, topic: str, frame: Frame) -> None:
        """Tell every listener of the topic, at every service."""

    def deliver(self, topic: str, frame: Frame) -> None:
        """Tell every listener of the topic at this service."""

    def subscribe(self, *topics: str) -> AbstractAsyncContextManager[SubscriptionPort]:
        """Listen while inside the block."""


WAYS = Ways()


async def _no_key() -> str:
    return ""


async def _nothing_holds() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleParts:
    """What the console API is built of. `now` gives aware UTC; `secure_cookies` is True when people come over https.

    `typing` tells the prospect's channel that the agent who holds the conversation is typing; `address` says from where a
    request comes. `circuits` gives each channel's circuit; `queued` tells the outbox that there is something new to send.
    `steps_ahead` gives where a talk can go on after a person: flow id, the flow's name, step id.
    `simulator` is the command that plays a flow (see `bot/simulate/__main__.py`), and `simulator_settings` what it is told;
    `simulator_holds` gives what is published, as plain data (None: it looks for itself).
    `push_key` gives the key that browsers subscribe to, `push_services` the hosts they may name; `noticed` tells that notices are
    new or seen, `ways` which carriers there are. `promises` is the file that admins edit; without it nobody can.
    """

    store: Store
    conversations: ConversationsPort
    hub: HubPort
    presence: Presence
    now: Callable[[], datetime]
    policy: Policy
    secure_cookies: bool
    audit_every_s: float = 15.0
    currency: str = "EUR"
    persona: str = "The bot"
    typing: Callable[[Identity, AgentRef], None] = lambda _identity, _agent: None
    address: Callable[[web.Request], str] = lambda request: request.remote or ""
    circuits: Callable[[], Sequence[tuple[str, Circuit]]] = tuple
    queued: Callable[[], None] = lambda: None
    steps_ahead: Callable[[State], Sequence[tuple[str, str, str]]] = lambda _state: ()
    simulator: Sequence[str] = ()
    simulator_settings: Mapping[str, Any] = field(default_factory=dict)
    simulator_holds: Callable[[], Awaitable[Mapping[str, Any] | None]] = _nothing_holds
    push_key: Callable[[], Awaitable[str]] = _no_key
    push_services: tuple[str, ...] = ()
    noticed: Callable[[], None] = lambda: None
    ways: Ways = WAYS
    promises: Promises | None = None

    @property
    def current(self) -> Policy:
        """The promises that the service goes by now."""
        return self.promises.policy if self.promises else self.policy
