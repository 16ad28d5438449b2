"""How fast bubbles follow each other: think, then type, in proportion to the text and capped.

Figures: phones are typed on at 36 words a minute on average, keyboards at 51 (Palin et al., 2019); answers whose delay grows with
their length feel more human than instant ones (Gnewuch et al., 2018). People wait gladly for seconds, not for the 40 that a
long bubble would take to type, hence the cap.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from bot.core.model import Say, Speaker

PACED = frozenset({Speaker.BOT, Speaker.FLOW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """The speed of the bot's hand. `instant` turns waiting off, for machines."""

    instant: bool = False
    think_min_s: float = 0.6
    think_max_s: float = 1.4
    chars_per_s: float = 30.0
    longest_s: float = 4.5

    def seconds(self, text: str, rng: Random) -> tuple[float, float]:
        """(think, type) for one bubble, in seconds."""
        think = rng.uniform(self.think_min_s, self.think_max_s)
        return think, max(0.0, min(len(text) / self.chars_per_s, self.longest_s - think))


def schedule(says: Iterable[Say], *, now: datetime, after: datetime | None, pacing: Pacing, rng: Random) -> tuple[Say, ...]:
    """Give each bubble its times. `after` is when the last bubble still unsent is due; nothing overtakes it."""
    at = max(now, after) if after else now
    timed = []
    for say in says:
        if say.due_at is None:
            if pacing.instant or say.urgent or say.speaker not in PACED:
                say = replace(say, due_at=at)
            else:
                think_s, type_s = pacing.seconds(say.text, rng)
                say = replace(say, typing_at=at + timedelta(seconds=think_s), due_at=at + timedelta(seconds=think_s + type_s))
        at = max(at, say.due_at or at)
        timed.append(say)
    return tuple(timed)
