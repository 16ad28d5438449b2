"""Who the people of a simulation are: a handful of characters, each a row of numbers.

The numbers are a way to see how a flow meets different people. They are a design choice, not measured; set your own mix, and
compare flows with each other rather than with the world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """How somebody behaves. All but `meaning`, `reply_s` and `spread` are chances from 0 to 1.

    `answers`: writes back while talking, less by a tenth with each exchange; `returns`: writes back to words that came unprompted.
    `reply_s`: seconds until they do, the median of a log-normal with sigma `spread`. When they write back, the first that comes
    true of: `asks_person`, `objects`, `strays` (something else entirely), `aside` (a question); else they answer what was asked,
    with a tap (`taps`) where there are quick replies, yes to an offer by `accepts`. `bursts`: in two messages.
    `stops` and `complains`: opts out, or complains, on words that came unprompted; a tenth as often in the middle of a talk.
    """

    meaning: str
    answers: float
    returns: float
    reply_s: float
    spread: float = 0.9
    taps: float = 0.6
    accepts: float = 0.5
    aside: float = 0.1
    objects: float = 0.05
    strays: float = 0.02
    asks_person: float = 0.02
    stops: float = 0.01
    complains: float = 0.002
    bursts: float = 0.15


CHARACTERS: Mapping[str, Character] = MappingProxyType(
    {
        "eager": Character(
            meaning="wants this, answers at once and says yes", answers=0.97, returns=0.7, reply_s=25, spread=0.7, accepts=0.85,
            objects=0.01, stops=0.002, complains=0.0005,
        ),
        "busy": Character(
            meaning="means well, answers hours later or not at all", answers=0.6, returns=0.3, reply_s=5400, spread=1.3, taps=0.8,
            accepts=0.4, objects=0.1,
        ),
        "sceptic": Character(
            meaning="asks back and doubts before saying anything", answers=0.8, returns=0.25, reply_s=120, taps=0.3, accepts=0.25,
            aside=0.35, objects=0.25, asks_person=0.05, stops=0.03,
        ),
        "silent": Character(
            meaning="writes once, then reads and keeps quiet", answers=0.15, returns=0.05, reply_s=1800, spread=1.2, accepts=0.2,
            stops=0.015,
        ),
        "angry": Character(
            meaning="came with a grudge, complains and opts out", answers=0.6, returns=0.3, reply_s=60, taps=0.1, accepts=0.05,
            objects=0.3, asks_person=0.15, stops=0.2, complains=0.15,
        ),
        "off_topic": Character(
            meaning="chats about anything but the question", answers=0.85, returns=0.3, reply_s=40, taps=0.2, accepts=0.3,
            aside=0.2, strays=0.5, bursts=0.4,
        ),
    }
)  # fmt: skip

MIX: Mapping[str, float] = MappingProxyType(
    {"eager": 20, "busy": 30, "sceptic": 15, "silent": 25, "angry": 3, "off_topic": 7},
)
"""How often each comes if nothing else is said."""


def parse_mix(text: str) -> dict[str, float]:
    """`eager=2,busy=1` as weights. Raises `ValueError` for an unknown character, a bad number, or no weight at all."""
    mix: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = part.partition("=")
        try:
            mix[name.strip()] = float(weight or 1)
        except ValueError:
            raise ValueError(f'"{weight}" in "{part}" is not a number; write for example eager=2,busy=1') from None
    check_mix(mix)
    return mix


def check_mix(mix: Mapping[str, float]) -> None:
    """Raises `ValueError` for a mix that nobody can be drawn from."""
    for name, weight in mix.items():
        if name not in CHARACTERS:
            raise ValueError(f'there is no character "{name}"; there are {", ".join(CHARACTERS)}')
        if not 0 <= weight < float("inf"):
            raise ValueError(f"the weight of {name} is {weight}; it must be 0 or more")
    if sum(mix.values()) <= 0:
        raise ValueError("the mix has nobody in it")
