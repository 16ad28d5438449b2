"""How fast bubbles follow each other: read, think, then type, in proportion to the words, and bounded (docs/pacing.md).

Sources of the figures:
- silent reading of English: 238 words a minute (Brysbaert, "How many words do we read per minute?", Journal of Memory and Language
  109, December 2019);
- typing: 36.2 words a minute on phones, of 37 370 people (Palin et al., "How do people type on mobile devices?", MobileHCI, October
  2019); 51.6 on keyboards, of 168 000 (Dhakal et al., "Observations on typing from 136 million keystrokes", CHI, April 2018); a
  word is five characters and a space;
- answers whose delay grows with their length and with what was asked feel more human, more present and more satisfying than
  instant ones (Gnewuch et al., "Faster is not always better", ECIS, June 2018); delays help novices and hurt people who are used to
  bots (Gnewuch et al., "Opposing effects of response time", Business & Information Systems Engineering, July 2022).
How they are put together, and the bounds, are a choice: people wait gladly for seconds, not for the 40 that a long bubble takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, log
from random import Random
from unicodedata import east_asian_width

from bot.core.model import Say, Speaker

PACED = frozenset({Speaker.BOT, Speaker.FLOW})

CHARS_A_WORD = 6.0
READING_WPM = 238.0
KEYBOARD_WPM, PHONE_WPM = 51.6, 36.2
ON_PHONES = frozenset({"facebook", "instagram", "whatsapp"})
"""Channels that people mostly hold in their hand, where everybody types as one does there."""
WIDE = 2.5
"""A character of a script that writes a word in one or two of them (Chinese, Japanese, Korean) takes as long as so many letters."""

FASTEST, SLOWEST = 0.5, 1.25
"""The least and the most that the person's own pace makes of a delay."""
USUAL_GAP_S = 20.0
"""Who replies within so many seconds gets the usual delays."""
LONGEST_GAP_S = 600.0
"""Who replies later than this did something else meanwhile: it says nothing about their pace."""
LEARNING = 0.3
"""The part of a new gap in what is known of somebody's pace."""
USED_TO_IT = 0.03
"""With each turn, delays become so much shorter, down to `USED_TO_IT_LEAST`."""
USED_TO_IT_LEAST = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """The speed of the bot's hand. `instant` turns waiting off, for machines.

    Thinking takes from `think_min_s` to `think_max_s` seconds; reading, thinking and typing of a bubble take `longest_s` at most.
    """

    instant: bool = False
    think_min_s: float = 0.6
    think_max_s: float = 1.4
    longest_s: float = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Whom we write to: the channel, what they just wrote and when it came, their usual time to reply in seconds (None: not known
    yet), and the turns they have had with us."""

    channel: str = ""
    wrote: str = ""
    wrote_at: datetime | None = None
    reply_gap_s: float | None = None
    turns: int = 0

    @property
    def pace(self) -> float:
        """What their own pace makes of a delay: the fourth root of their gap beside the usual one, less with every turn."""
        gap = 1.0 if self.reply_gap_s is None else (max(self.reply_gap_s, 0.1) / USUAL_GAP_S) ** 0.25
        used_to_it = max(USED_TO_IT_LEAST, 1 - USED_TO_IT * self.turns)
        return min(SLOWEST, max(FASTEST, gap * used_to_it))


ANYBODY = Partner()


def length(text: str) -> float:
    """How much there is to read or type, in letters."""
    return sum(WIDE if east_asian_width(char) in "WF" else 1.0 for char in text)


def reading_s(text: str) -> float:
    """Seconds to read this."""
    return length(text) / CHARS_A_WORD / READING_WPM * 60


def typing_s(text: str, channel: str) -> float:
    """Seconds that a person types this."""
    return length(text) / CHARS_A_WORD / (PHONE_WPM if channel in ON_PHONES else KEYBOARD_WPM) * 60


def times(text: str, pacing: Pacing, partner: Partner, rng: Random, *, to_read_s: float = 0.0) -> tuple[float, float]:
    """Seconds (until typing begins, of typing) for one bubble. Together `longest_s` at most.

    Short bubbles take nearly what a person takes; the longer, the more is cut off, so that a longer one still takes longer.
    """
    most = pacing.longest_s * min(1.0, partner.pace)
    think = min(rng.uniform(pacing.think_min_s, pacing.think_max_s) * partner.pace, most / 2)
    think += _bounded(to_read_s * partner.pace, most / 2 - think)
    return think, _bounded(typing_s(text, partner.channel) * partner.pace, most - think)


def _bounded(seconds: float, most: float) -> float:
    """Grows with `seconds`, at first as fast, and stays below `most`."""
    return most * (1 - exp(-seconds / most)) if most > 0 else 0.0


def gap_known(known_s: float | None, *, said_at: datetime | None, replied_at: datetime) -> float | None:
    """Somebody's usual time to reply, once they have replied again: a running mean of logarithms. Gaps that tell nothing change
    nothing."""
    gap_s = (replied_at - said_at).total_seconds() if said_at else 0.0
    if not 0 < gap_s <= LONGEST_GAP_S:
        return known_s
    return gap_s if known_s is None else exp((1 - LEARNING) * log(max(known_s, 0.1)) + LEARNING * log(max(gap_s, 0.1)))


def schedule(
    says: Iterable[Say], *, now: datetime, after: datetime | None, pacing: Pacing, rng: Random, partner: Partner = ANYBODY
) -> tuple[Say, ...]:
    """Give each bubble its times. `after` is when the last bubble still unsent is due; nothing overtakes it.

    What the partner wrote is read before the first bubble is typed; the time that has passed since it came counts.
    """
    at = max(now, after) if after else now
    passed_s = (now - partner.wrote_at).total_seconds() if partner.wrote_at else 0.0
    to_read_s = max(0.0, reading_s(partner.wrote) - max(0.0, passed_s))
    timed = []
    for say in says:
        if say.due_at is None:
            if pacing.instant or say.urgent or say.speaker not in PACED:
                say = replace(say, due_at=at)
            else:
                think_s, type_s = times(say.text, pacing, partner, rng, to_read_s=to_read_s)
                to_read_s = 0.0
                say = replace(say, typing_at=at + timedelta(seconds=think_s), due_at=at + timedelta(seconds=think_s + type_s))
        at = max(at, say.due_at or at)
        timed.append(say)
    return tuple(timed)
