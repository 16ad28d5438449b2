"""What everybody outside the service needs: to plan, to wait, to ask the service, and to write the history."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from bot.sim.watch import Watch

if TYPE_CHECKING:
    from bot.service import Service
    from bot.sim.agents import SimAgent


class Outside(Protocol):
    """The world around the service."""

    watch: Watch

    def now_s(self) -> float:
        """Virtual seconds since the start."""

    def wall_s(self) -> float:
        """What the service's clock shows, in seconds."""

    def truth(self) -> datetime:
        """What the world's clocks show."""

    def later(self, delay_s: float, what: Callable[..., object], *args: Any) -> None:
        """Plan a call."""

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run this outside the service, whoever asks for it."""

    async def ask[T](self, work: Callable[[Service], Coroutine[Any, Any, T]]) -> T:
        """Ask the running service. Raises `Gone` if there is none or it dies, else what `work` raises."""

    def certain_since(self, since_s: float, until_s: float) -> bool:
        """True if the service lived and could store between these moments."""

    def open_console(self, agent: SimAgent) -> None:
        """Connect an agent's console, now or as soon as the service is there."""

    def bad(self, kind: str) -> bool:
        """Whether a spell of this kind is on."""
