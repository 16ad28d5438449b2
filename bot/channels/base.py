"""What a channel is to the rest: a way in, a way out, and the truth about what became of a message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aiohttp import web

from bot.core.events import PageDid
from bot.core.model import AgentRef, Arrival, Identity, Profile
from bot.core.window import SendAs
from bot.gate import Gate
from bot.hub import Hub
from bot.store.contract import Echoed, Outgoing, Store, TakenIn
from bot.time import Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The channel took the message; `external_id` is its own id for it, `used` how much of our quota it says is gone (0 to 1)."""

    external_id: str | None = None
    used: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Not sent, and may be tried again not before `after_s` seconds (None: usual back-off). `error` is a code: token, rate and
    away concern the channel as a whole, and surely nothing was sent; temporary concerns this try."""

    error: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """It may or may not have been sent; an echo will tell before any resend."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Refused for good. `error` is the class. window, unreachable and frequency nobody can mend; config, rejected and broken
    (our own code cannot put it into words for the channel) a person can. `detail` is what the channel said, for an admin."""

    error: str
    detail: str = ""


type Outcome = Sent | Retry | Unknown | Rejected

CALL_WITHIN_S = 10.0
"""How long a channel may take to hand one message over: later its outcome is `Unknown`."""


class Inlet(Protocol):
    """Where channels put what they translated. Returns after it is stored, so that an acknowledgement is true."""

    async def arrivals(self, arrivals: Sequence[Arrival]) -> list[TakenIn]:
        """Store messages of prospects, all of them or none. Raises `Overloaded` or `StoreUnavailable`: then they are to be sent
        again, which is harmless."""

    async def new_echoes(self, echoes: Collection[Echoed]) -> frozenset[Echoed]:
        """Those of these echoes that tell something new: the others need no `echo`."""

    async def echo(self, *, key: str, external_id: str) -> bool:
        """An echo of a message of ours, by its key. False if it is not ours."""

    async def foreign_echo(
        self, identity: Identity, *, text: str, app_id: str | None, at: datetime, did: PageDid = "wrote"
    ) -> None:
        """The page answered this person without us, or somebody there took the thread or gave it back to us."""

    async def seen(self, identity: Identity, *, up_to_seq: int | None, at: datetime) -> None:
        """The person has read what was sent up to `up_to_seq`, or up to `at` where the channel knows only a time."""

    async def delivered(self, identity: Identity, *, up_to: datetime) -> None:
        """What was sent up to then has arrived."""

    async def typing(self, identity: Identity) -> None:
        """The person is typing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the composition root hands to every channel."""

    inlet: Inlet
    gate: Gate
    store: Store
    hub: Hub
    time: Time


class Channel(Protocol):
    """One channel. `name` is the identity's channel. `local` channels are shown by the store itself: marking a message as
    sent is sending it, so no outcome is ever unknown."""

    name: str
    local: bool

    def add_routes(self, app: web.Application, ports: Ports) -> None:
        """Put the channel's webhook and pages into the service."""

    async def send(self, message: Outgoing, send_as: SendAs) -> Outcome:
        """Hand one message over within `CALL_WITHIN_S`. Never raises for what channel or network do: that is an `Outcome`."""

    async def typing(self, identity: Identity, *, on: bool, agent: AgentRef | None) -> None:
        """Show or hide the typing indicator; best effort."""

    async def seen(self, identity: Identity) -> None:
        """Mark what the person wrote as seen; best effort."""

    async def profile(self, identity: Identity) -> Profile | None:
        """What the channel knows about the person, or None."""

    async def drain(self) -> None:
        """The service is about to end: close what people hold open, so that they come back elsewhere."""

    async def close(self) -> None:
        """Let go of connections."""
