"""People who write: by themselves, and to what they see on their screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.core.model import Arrival, Attachment, Identity, QuickReply
from bot.sim.outside import Outside
from bot.sim.plan import Fate, Person, Said
from bot.sim.platform import Posting
from bot.store.contract import TakenIn

if TYPE_CHECKING:
    from bot.service import Service


async def _native(identity: Identity, text: str, at: datetime, service: Service) -> None:
    await service.intake.foreign_echo(identity, text=text, app_id=None, at=at)


class SimPerson:
    """One of them, with the screen they look at."""

    def __init__(self, world: Outside, posting: Posting, plan: Person) -> None:
        self._world, self._posting, self.plan = world, posting, plan
        self.identity = Identity(channel=plan.channel, external_id=plan.name)
        self.conversation_id: str | None = None
        self._fates = {fate.nth: fate for fate in plan.fates}
        self._sends = 0
        self._number = 0
        self._answered = 0
        self._thinking = False
        self._choices: tuple[QuickReply, ...] = ()
        self._last_id = 0

    def begin(self) -> None:
        """Plan everything they say by themselves."""
        for said in self.plan.said:
            self._world.later(said.at_s, self._say, said)

    def next_fate(self) -> Fate:
        """What becomes of the next send to them."""
        self._sends += 1
        return self._fates.get(self._sends) or Fate(nth=self._sends)

    def sees(self, message_id: int, replies: Sequence[QuickReply], *, again: bool = False) -> None:
        """Something is on their screen."""
        if message_id < self._last_id and not again:
            self._world.watch.broken(self.plan.name, [f"I4: #{message_id} came after #{self._last_id}"])
        self._last_id = max(self._last_id, message_id)
        self._choices = tuple(replies)
        if not self._thinking and self._answered < len(self.plan.answers):
            self._thinking = True
            self._world.later(self.plan.answers[self._answered].after_s, self._answer)

    def _answer(self) -> None:
        answer = self.plan.answers[self._answered]
        self._thinking, self._answered = False, self._answered + 1
        if answer.tap is not None and answer.tap < len(self._choices):
            tapped = self._choices[answer.tap]
            self._write(tapped.title, payload=tapped.payload if tapped.payload.startswith("/") else None)
        else:
            self._write(answer.text)

    def _say(self, said: Said) -> None:
        if said.kind == "native":
            at = self._world.truth()
            self._world.watch.note(self.plan.name, "is answered from the page's inbox")
            self._posting.post(partial(_native, self.identity, said.text, at), after_s=said.late_s)
            return
        attachments = () if said.kind == "text" else (Attachment(kind="sticker" if said.kind == "sticker" else "image"),)
        self._write(said.text, attachments=attachments, late_s=said.late_s, again_s=said.again_s)

    def _write(self, text: str, *, late_s: float = 0.1, again_s: tuple[float, ...] = (), **more: Any) -> None:
        self._number += 1
        told = {"zone": self.plan.zone} if self.plan.zone else {}
        arrival = Arrival(
            identity=self.identity, external_id=f"{self.plan.name}.{self._number}", sent_at=self._world.truth(), text=text,
            metadata=told, **more,
        )  # fmt: skip
        self._world.watch.note(self.plan.name, f"writes {arrival.external_id}: {text or more}")

        def kept(taken: list[TakenIn]) -> None:
            self.conversation_id = taken[0].conversation_id
            self._world.watch.acknowledged(self.plan.name, arrival, taken[0])

        for delay_s in (late_s, *(late_s + s for s in again_s)):
            self._posting.post(lambda service: service.intake.arrivals([arrival]), after_s=delay_s, acknowledged=kept)
