"""When a flow does so much harm that it stops by itself, and which words did it. Pure.

Each message of a flow is a trial that may end in harm. The question is asked again at every harm, so a test made
for one look would pull the brake on a good flow sooner or later. Here the likelihood of what was counted, under rates above the
allowed one, is weighed against the allowed one. For every true rate up to that, each such ratio is a supermartingale that starts
at 1, and so is their mean; by Ville's inequality (1939) it ever reaches 1/alpha with a chance of alpha at most, at all looks
together (Wald 1945, "Sequential tests of statistical hypotheses"; Howard, Ramdas, McAuliffe and Sekhon 2021, "Time-uniform,
nonparametric, nonasymptotic confidence sequences").

A year of good messages must not hide a bad week, so a count is begun each day and the last `DAYS` of these counts are looked at (as
in Shin, Ramdas and Rinaldo 2023, "E-detectors"). So a flow that harms no more than allowed is stopped by mistake with a chance of
alpha at most for each day that it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from math import exp, log

from bot.core.events import JournalEntry


class Harm(StrEnum):
    """What somebody did."""

    OPTED_OUT = "opted_out"
    COMPLAINED = "complained"
    ANGRY = "angry"


LIMIT = 0.02
"""Of so many messages one may do harm (2 of 100) if nothing else is set."""
ALPHA = 1e-4
"""A good flow is stopped by mistake with this chance for each day that it runs, at most."""
DAYS = 7
FEWEST_SAID = 20
FEWEST_HARMED = 5
"""Below these nothing is concluded, whatever the numbers say: a handful of people is no evidence about a flow."""
TIMES = (1.5, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0)
"""The rates that the allowed one is weighed against, as multiples of it."""
HIGHEST = 0.95
NAMED = 3
"""At most so many messages are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What came of one wording's messages of one day (UTC)."""

    day: date
    wording: str
    said: int
    opted_out: int = 0
    complained: int = 0
    angry: int = 0

    @property
    def harmed(self) -> int:
        """How many of these messages did harm, in whatever way."""
        return min(self.said, self.opted_out + self.complained + self.angry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """A wording (`flow/step#variant`) and what it did."""

    wording: str
    said: int
    opted_out: int
    complained: int
    angry: int

    @property
    def harmed(self) -> int:
        """In whatever way."""
        return self.opted_out + self.complained + self.angry


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """Why a flow was stopped: since `since` so many of `said` messages did harm, though only `limit` may; and which words."""

    since: date
    said: int
    opted_out: int
    complained: int
    angry: int
    limit: float
    culprits: tuple[Culprit, ...]

    @property
    def harmed(self) -> int:
        """In whatever way."""
        return self.opted_out + self.complained + self.angry


def log_evidence(said: int, harmed: int, limit: float) -> float:
    """The log of the evidence that more than `limit` of the messages do harm. Raises `ValueError` for one outside 0 to 1."""
    if not 0 < limit < 1:
        raise ValueError(f"the limit is between 0 and 1, not {limit}")
    rates = sorted({min(limit * times, HIGHEST) for times in TIMES if limit * times > limit})
    above = [rate for rate in rates if rate > limit]
    if not above:
        return 0.0
    logs = [harmed * log(rate / limit) + (said - harmed) * log((1 - rate) / (1 - limit)) for rate in above]
    most = max(logs)
    return most + log(sum(exp(one - most) for one in logs) / len(logs))


def pull(counts: Iterable[Counted], *, limit: float, alpha: float = ALPHA) -> Pulled | None:
    """Whether the brake is pulled, from what was counted of a flow; days before the last `DAYS` of them don't matter.

    The beginning that speaks loudest is told. `limit` 0 means that the brake is off.
    """
    if limit <= 0:
        return None
    newest_first = sorted(counts, key=lambda one: (one.day, one.wording), reverse=True)
    days = sorted({one.day for one in newest_first}, reverse=True)
    latest = [day for day in days if (days[0] - day).days < DAYS]
    best: tuple[float, date] | None = None
    for since in latest:
        within = [one for one in newest_first if one.day >= since]
        said, harmed = sum(one.said for one in within), sum(one.harmed for one in within)
        if said < FEWEST_SAID or harmed < FEWEST_HARMED:
            continue
        evidence = log_evidence(said, harmed, limit)
        if evidence >= log(1 / alpha) and (best is None or evidence > best[0]):
            best = evidence, since
    return None if best is None else _pulled([one for one in newest_first if one.day >= best[1]], best[1], limit)


def counted_in(journal: Iterable[JournalEntry]) -> list[tuple[str, Counted]]:
    """What the lines of one decision add to the counts of flows, in one order for everybody, each wording of a day once."""
    found: dict[tuple[str, date, str], Counted] = {}
    for entry in journal:
        one = _counted(entry)
        if one is not None:
            key = (str(entry.data["flow"]), one.day, one.wording)
            had = found.get(key)
            found[key] = one if had is None else _sum(had, one)
    return [(flow_id, one) for (flow_id, _, _), one in sorted(found.items(), key=lambda item: item[0])]


def harmed_in(journal: Iterable[JournalEntry]) -> dict[str, float]:
    """The flows that a decision lays harm to, with the share of messages that may do harm."""
    return {str(e.data["flow"]): float(e.data["limit"]) for e in journal if e.kind == "flow.harmed"}


def _counted(entry: JournalEntry) -> Counted | None:
    data = entry.data
    if entry.kind == "flow.step" and data.get("wording"):
        return Counted(day=entry.at.date(), wording=str(data["wording"]), said=1)
    if entry.kind == "flow.harmed":
        day = date.fromisoformat(str(data["said_on"]))
        how = Harm(data["how"])
        return Counted(
            day=day,
            wording=str(data["wording"]),
            said=0,
            opted_out=how is Harm.OPTED_OUT,
            complained=how is Harm.COMPLAINED,
            angry=how is Harm.ANGRY,
        )
    return None


def _sum(a: Counted, b: Counted) -> Counted:
    return replace(
        a,
        said=a.said + b.said,
        opted_out=a.opted_out + b.opted_out,
        complained=a.complained + b.complained,
        angry=a.angry + b.angry,
    )


def _pulled(within: Sequence[Counted], since: date, limit: float) -> Pulled:
    words: dict[str, Culprit] = {}
    for one in within:
        had = words.get(one.wording, Culprit(wording=one.wording, said=0, opted_out=0, complained=0, angry=0))
        words[one.wording] = Culprit(
            wording=one.wording,
            said=had.said + one.said,
            opted_out=had.opted_out + one.opted_out,
            complained=had.complained + one.complained,
            angry=had.angry + one.angry,
        )
    guilty = [word for word in words.values() if word.harmed > limit * word.said]
    guilty.sort(key=lambda word: (-log_evidence(word.said, min(word.said, word.harmed), limit), word.wording))
    return Pulled(
        since=since,
        said=sum(one.said for one in within),
        opted_out=sum(one.opted_out for one in within),
        complained=sum(one.complained for one in within),
        angry=sum(one.angry for one in within),
        limit=limit,
        culprits=tuple(guilty[:NAMED]),
    )


def in_words(pulled: Pulled) -> str:
    """For the marketer: how much harm, beside how much may be, and which messages did it."""
    return (
        f"Of {pulled.said} messages since {pulled.since:%-d %B}, {pulled.harmed} did harm ({_ways(pulled)}); "
        f"{100 * pulled.limit:g} of 100 may. It was these words: {'; '.join(map(_culprit, pulled.culprits))}."
    )


def _culprit(culprit: Culprit) -> str:
    _, _, rest = culprit.wording.partition("/")
    step, _, variant = rest.partition("#")
    return f"step {step}, wording {variant}: {culprit.harmed} of {culprit.said} ({_ways(culprit)})"


def _ways(told: Pulled | Culprit) -> str:
    named = {Harm.OPTED_OUT: "opted out", Harm.COMPLAINED: "complained", Harm.ANGRY: "answered angrily"}
    counts: Mapping[Harm, int] = {Harm.OPTED_OUT: told.opted_out, Harm.COMPLAINED: told.complained, Harm.ANGRY: told.angry}
    return ", ".join(f"{number} {named[harm]}" for harm, number in counts.items() if number) or "none"
