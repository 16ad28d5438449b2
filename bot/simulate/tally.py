"""Counting what happens in a simulation, as it happens."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING

from bot.core.events import JournalEntry
from bot.core.model import Say, Speaker, State
from bot.simulate.result import ArmStopped, DayTold, HeldTold, PausedTold, Simulated, StepTold, Transcript, Waits
from bot.simulate.setup import Setup
from nurture.flow import Flow
from nurture.timing import known_zone

if TYPE_CHECKING:
    from bot.simulate.world import Talk


DAY_S = 86_400


@dataclass(slots=True, kw_only=True)
class _Said:
    """The flow's latest words to somebody."""

    step: str
    wording: str
    replied: bool = False


@dataclass(slots=True)
class _Step:
    people: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    wordings: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


class Tally:
    """Folds what happens, as it happens."""

    def __init__(self, flow: Flow, setup: Setup) -> None:
        self._flow, self._setup = flow, setup
        self._steps = {step: _Step() for step in flow.steps}
        self._days: dict[int, Counter[str]] = defaultdict(Counter)
        self._held: dict[str, tuple[set[int], Counter[str]]] = {}
        self._ends: Counter[str] = Counter()
        self._characters: dict[str, Counter[str]] = defaultdict(Counter)
        self._last: dict[int, _Said] = {}
        self._sets: dict[str, set[int]] = {name: set() for name in ("entered", "written_to", "replied", "opted_out", "complained")}
        self._written = self._undelivered = 0
        self._asked_at: dict[int, datetime] = {}
        self._waits_s: list[float] = []
        self._reasons: Counter[str] = Counter()
        self._paused: list[PausedTold] = []
        self._stopped_arms: list[ArmStopped] = []
        self._told_of: dict[int, Talk] = {}
        self._lines: dict[int, list[tuple[datetime, str, str]]] = {}

    def meets(self, talk: Talk) -> None:
        """Somebody is part of it. The first of each character, then the second, are told in full."""
        self._characters[talk.name]["people"] += 1
        per_character = 1 + self._setup.transcripts // max(1, len(self._setup.mix))
        if self._characters[talk.name]["people"] <= per_character:
            self._told_of[talk.number] = talk
            self._lines[talk.number] = []

    # ---- what happens -----------------------------------------------------------------------------------------------

    def written(self, talk: Talk, text: str, at: datetime) -> None:
        """They wrote."""
        self._written += 1
        self._day(at)["written"] += 1
        if talk.number in self._lines:
            self._lines[talk.number].append((at, "person", text))

    def replies(self, talk: Talk, kind: str) -> None:
        """They wrote back: it counts for the step whose words came last."""
        last = self._last.get(talk.number)
        if last is None:
            return
        if not last.replied:
            last.replied = True
            self._steps[last.step].counts["replied"] += 1
        self._mark(talk, "replied")
        if kind == "angry":
            self._blame(talk, "complained")

    def delivered(self, talk: Talk, say: Say, at: datetime) -> None:
        """A bubble reached them."""
        if talk.number in self._lines:
            who = say.speaker.value
            if say.speaker is Speaker.FLOW and say.wording:
                who = f"flow {say.wording.partition('#')[0]}"
            choices = " ".join(f"[{reply.title}]" for reply in say.quick_replies)
            self._lines[talk.number].append((at, who, f"{say.text} {choices}".strip()))

    def refused(self, _talk: Talk, _say: Say) -> None:
        """A bubble could not leave any more."""
        self._undelivered += 1

    def person_came(self, talk: Talk, at: datetime) -> None:
        """An agent wrote first words."""
        if (asked_at := self._asked_at.pop(talk.number, None)) is not None:
            self._waits_s.append((at - asked_at).total_seconds())

    def stopped_itself(self, told: Iterable[PausedTold | ArmStopped]) -> None:
        """Flows or arms did too much harm."""
        for one in told:
            if isinstance(one, PausedTold):
                self._paused.append(one)
            else:
                self._stopped_arms.append(one)

    def note(self, talk: Talk, entry: JournalEntry) -> None:
        """A line of the journal."""
        data = entry.data
        match entry.kind:
            case "flow.step":
                self._step(talk, entry)
            case "flow.started" if data["flow"] == self._flow.flow_id:
                self._mark(talk, "entered")
                self._day(entry.at)["entered"] += 1
            case "flow.answered" if data["flow"] == self._flow.flow_id:
                self._steps[data["step"]].counts["answered"] += 1
            case "flow.held" if data["flow"] == self._flow.flow_id:
                self._hold(talk, entry)
            case "flow.ended" if data["flow"] == self._flow.flow_id:
                self._end(talk, entry)
            case "prospect.opted_out":
                self._blame(talk, "opted_out")
                self._day(entry.at)["opted_out"] += 1
            case "episode.opened":
                self._reasons[data["reason"]] += 1
                self._asked_at[talk.number] = entry.at
                if talk.number in self._lines:
                    self._lines[talk.number].append((entry.at, "(a person is called)", data["reason"]))

    def _step(self, talk: Talk, entry: JournalEntry) -> None:
        data = entry.data
        name, _, part = str(data["step"]).partition(".")
        wording, prompted = data.get("wording"), data.get("prompted")
        if data["flow"] != self._flow.flow_id:
            if wording:
                self._day(entry.at)["other_flows"] += 1
            return
        step = self._steps[name]
        step.people.add(talk.number)
        if part:
            step.counts[part] += 1
        if wording is None:
            return
        step.counts["said"] += 1
        step.counts["unprompted"] += prompted is False
        step.wordings[wording]["said"] += 1
        self._day(entry.at)["in_reply" if prompted else "unprompted"] += 1
        self._mark(talk, "written_to")
        self._last[talk.number] = _Said(step=name, wording=wording)

    def _hold(self, talk: Talk, entry: JournalEntry) -> None:
        people, steps = self._held.setdefault(entry.data["reason"], (set(), Counter()))
        people.add(talk.number)
        steps[entry.data["step"] or "before the first step"] += 1
        if entry.data.get("until"):
            self._day(entry.at)["held"] += 1
        if talk.number in self._lines:
            until = ""
            if entry.data.get("until"):
                local = datetime.fromisoformat(entry.data["until"]).astimezone(known_zone(talk.state.profile.zone))
                until = f" until {local:%a %H:%M}"
            self._lines[talk.number].append((entry.at, "(held)", f"{entry.data['reason']}{until}"))

    def _end(self, talk: Talk, entry: JournalEntry) -> None:
        told = f"{entry.data['status']}: {entry.data['reason']}"
        self._ends[told] += 1
        self._characters[talk.name][entry.data["status"]] += 1
        enrolment = next((e for e in talk.state.enrolments if e.enrolment_id == entry.data["enrolment"]), None)
        if enrolment is not None and enrolment.step_id in self._steps:
            self._steps[enrolment.step_id].counts["ended"] += 1
        if talk.number in self._lines:
            self._lines[talk.number].append((entry.at, "(the flow ends)", told))

    def _blame(self, talk: Talk, what: str) -> None:
        """An opt-out or a complaint goes to the flow's words that came last, if any did."""
        if talk.number in self._sets[what]:
            return
        self._mark(talk, what)
        if (last := self._last.get(talk.number)) is not None:
            self._steps[last.step].counts[what] += 1
            self._steps[last.step].wordings[last.wording][what] += 1

    def _mark(self, talk: Talk, what: str) -> None:
        if talk.number not in self._sets[what]:
            self._sets[what].add(talk.number)
            self._characters[talk.name][what] += 1

    def _day(self, at: datetime) -> Counter[str]:
        return self._days[int((at - self._setup.start).total_seconds() // DAY_S)]

    # ---- in the end -------------------------------------------------------------------------------------------------

    def told(self, states: Iterable[State], invented: tuple[str, ...]) -> Simulated:
        """The result; `states` are where everybody stands."""
        inside = [e for state in states for e in state.live_enrolments if e.flow_id == self._flow.flow_id]
        standing = Counter(e.step_id for e in inside)
        return Simulated(
            flow=self._flow.flow_id,
            version=self._flow.version,
            setup=self._setup,
            entered=len(self._sets["entered"]),
            people_written_to=len(self._sets["written_to"]),
            replied=len(self._sets["replied"]),
            messages_written=self._written,
            opted_out=len(self._sets["opted_out"]),
            complained=len(self._sets["complained"]),
            undelivered=self._undelivered,
            live=len(inside),
            ends=dict(self._ends.most_common()),
            steps=tuple(self._step_told(name, standing[name]) for name in self._steps),
            days=tuple(DayTold(day=day + 1, **self._days.get(day, Counter())) for day in range(self._setup.days)),
            held=tuple(
                HeldTold(reason=reason, times=steps.total(), people=len(people), steps=dict(steps.most_common()))
                for reason, (people, steps) in sorted(self._held.items(), key=lambda item: -item[1][1].total())
            ),
            waits=self._waits(),
            paused=tuple(self._paused),
            stopped_arms=tuple(self._stopped_arms),
            characters={name: dict(counts) for name, counts in sorted(self._characters.items())},
            invented=invented,
            transcripts=self._transcripts(),
        )

    def _step_told(self, name: str, standing: int) -> StepTold:
        step, counts = self._steps[name], self._steps[name].counts
        return StepTold(
            step=name,
            kind=type(self._flow.steps[name]).__name__.removesuffix("Step").lower(),
            reached=len(step.people),
            said=counts["said"],
            unprompted=counts["unprompted"],
            replied=counts["replied"],
            answered=counts["answered"],
            again=counts["again"],
            nudged=counts["nudge"],
            ended=counts["ended"],
            standing=standing,
            opted_out=counts["opted_out"],
            complained=counts["complained"],
            by_wording={name: (c["said"], c["opted_out"], c["complained"]) for name, c in sorted(step.wordings.items())},
        )

    def _waits(self) -> Waits:
        waits = sorted(self._waits_s)
        return Waits(
            asked=self._reasons.total(),
            came=len(waits),
            never=len(self._asked_at),
            median_s=round(median(waits), 1) if waits else None,
            p90_s=round(waits[int(len(waits) * 0.9)], 1) if waits else None,
            longest_s=round(waits[-1], 1) if waits else None,
            reasons=dict(self._reasons.most_common()),
        )

    def _transcripts(self) -> tuple[Transcript, ...]:
        found, of_character = [], Counter[str]()
        for number, talk in sorted(self._told_of.items()):
            of_character[talk.name] += 1
            mine = [e for e in talk.state.enrolments if e.flow_id == self._flow.flow_id]
            ended = (
                f"{mine[-1].status}: {mine[-1].end_reason}"
                if mine and mine[-1].end_reason
                else "still inside"
                if mine
                else "never in"
            )
            transcript = Transcript(
                person=talk.state.conversation_id, character=talk.name, zone=talk.state.profile.zone or "", ended=ended,
                language=talk.state.profile.locale or "", lines=tuple(self._lines[number]),
            )  # fmt: skip
            found.append((of_character[talk.name], number, transcript))
        return tuple(transcript for _, _, transcript in sorted(found, key=lambda one: one[:2])[: self._setup.transcripts])
