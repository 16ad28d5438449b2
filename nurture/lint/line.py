"""One wording as the rules see it: as written, and as people would read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from nurture import copy as texts
from nurture.flow import Flow, SayStep, Step, copies

BOT, BUSINESS = "Juno", "Sundial"
FIRST_NAME = "Maya"
THING = "handmade candles"
MAX_UNKNOWN = 3
"""Variables of one bubble that are tried both ways; further ones keep their fallback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A wording: the step and field it is in, its channel (empty: any), its number from 1, its bubbles as written and as read.

    `asks` says that an answer is waited for; `read` has every variable at its fallback.
    """

    step: str
    field: str
    channel: str
    number: int
    bubbles: tuple[str, ...]
    read: tuple[str, ...]
    asks: bool = True

    @property
    def name(self) -> str:
        """How a complaint names it."""
        return f"{self.field}: {named(self.channel, self.number)}"

    @property
    def whole(self) -> str:
        """All of it as read."""
        return " ".join(self.read)


def named(channel: str, number: int) -> str:
    """A wording in words."""
    return f"wording {number}" + (f" for {channel}" if channel else "")


def rendered(bubble: str) -> str:
    """A bubble as a stranger reads it: every variable at its fallback."""
    return texts.render(bubble, _known(bubble, frozenset()))


def both_ways(bubble: str) -> Iterator[str]:
    """A bubble with its variables known and unknown, in every combination."""
    unknown = sorted(texts.names_in(bubble) - texts.ALWAYS_KNOWN)[:MAX_UNKNOWN]
    for chosen in product((False, True), repeat=len(unknown)):
        yield texts.render(bubble, _known(bubble, frozenset(name for name, known in zip(unknown, chosen, strict=True) if known)))


def _known(bubble: str, names: frozenset[str]) -> dict[str, str | None]:
    values: dict[str, str | None] = dict.fromkeys(texts.names_in(bubble))
    values.update({name: FIRST_NAME if name.endswith("name") else THING for name in names})
    return {**values, "bot_name": BOT, "business_name": BUSINESS}


def lines(flow: Flow) -> Iterator[Line]:
    """Every wording of a flow, in the order of its steps."""
    for step in flow.steps.values():
        yield from lines_of(step)


def lines_of(step: Step) -> Iterator[Line]:
    """Every wording of a step."""
    for field, wordings in copies(step):
        for channel, number, bubbles in texts.texts(wordings):
            yield Line(
                step=step.id,
                field=field,
                channel=channel,
                number=number,
                bubbles=bubbles,
                read=tuple(rendered(bubble) for bubble in bubbles),
                asks=not isinstance(step, SayStep),
            )


def plain(text: str, *, step: str = "", field: str = "text", number: int = 1) -> Line:
    """A text without templates as a line."""
    bubbles = texts.bubbles_of(text)
    read = tuple(texts.SPACES.sub(" ", bubble) for bubble in bubbles)
    return Line(step=step, field=field, channel="", number=number, bubbles=bubbles, read=read)
