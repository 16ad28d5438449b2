"""A simulation's result as text for people, as plain data for JSON, and as rows for CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.simulate.characters import CHARACTERS
from bot.simulate.result import Simulated, StepTold, Transcript
from nurture.timing import known_zone

WHY = {
    "quiet_hours": "outside the hours in which the flow may write first",
    "cap": "the person had as many unprompted messages as the caps allow",
    "talking": "the person had just written",
    "unheard": "a message of theirs waited for its answer",
    "unsent": "earlier words had not left yet",
    "another_question": "something else was being asked",
    "offer_too_early": "nothing useful was given yet, or they had not written since; passed over",
    "known": "the answer was known already; passed over",
    "person": "a person was called or talking",
    "owner": "a person was called or talking",
    "unanswered": "too many unprompted messages without a reply; the flow ended",
    "window_closed": "the channel's window had closed; the flow ended",
    "already_live": "they were in the flow already",
    "been_before": "they had been in the flow before",
    "audience": "the flow is not for them",
    "opted_out": "they had opted out",
}
BAR = 28
HEADS = {"reached": 7, "said": 6, "first": 6, "wrote": 6, "answer": 6, "ended": 6, "out": 4, "angry": 5}


def as_text(result: Simulated) -> Iterator[str]:
    """Rows for a terminal."""
    setup = result.setup
    people = f"{setup.people} people on {setup.channel} over {setup.days} days"
    yield f"{result.flow}, version {result.version}: {people}, seed {setup.seed}"
    yield ""
    yield from _summary(result)
    for paused in result.paused:
        before = "was played as if it went on." if paused.flow == result.flow else "nobody went on in it."
        when = f"paused itself on {_when(paused.at)} and stayed so." if paused.at else f"is paused, and {before}"
        yield f"  {paused.flow} {when} {paused.reason}".rstrip()
    for arm in result.stopped_arms:
        when = f"was stopped on {_when(arm.at)}." if arm.at else "was stopped before, and nobody new got it."
        yield f"  The arm {arm.arm} of {arm.experiment} in {arm.flow} {when} {arm.reason}".rstrip()
    yield ""
    yield from _funnel(result)
    yield ""
    yield from _days(result)
    yield ""
    yield from _held(result)
    for transcript in result.transcripts:
        yield ""
        yield from _transcript(transcript)
    if result.invented:
        yield ""
        yield "No recorded line answers some of the questions, so these answers were made up: " + ", ".join(result.invented)


def _summary(result: Simulated) -> Iterator[str]:
    entered = result.entered
    yield f"  entered          {entered:6}"
    yield f"  wrote back       {result.replied:6}  {_percent(result.replied, result.people_written_to)} of those written to"
    for how, number in result.ends.items():
        yield f"  {how:<16} {number:6}  {_percent(number, entered)}"
    if result.live:
        yield f"  still inside     {result.live:6}  {_percent(result.live, entered)}"
    yield f"  opted out        {result.opted_out:6}  {_percent(result.opted_out, result.people_written_to)}"
    yield f"  complained       {result.complained:6}  {_percent(result.complained, result.people_written_to)}"
    if result.undelivered:
        yield f"  not delivered    {result.undelivered:6}  the channel's window had closed"
    waits = result.waits
    if waits.asked:
        reasons = ", ".join(f"{number} {reason}" for reason, number in waits.reasons.items())
        yield f"  needed a person  {waits.asked:6}  {reasons}"
        if waits.median_s is not None and waits.p90_s is not None and waits.longest_s is not None:
            told = f"half within {_seconds(waits.median_s)}, nine of ten within {_seconds(waits.p90_s)}"
            yield f"  time to a person         {told}, the longest {_seconds(waits.longest_s)}; {waits.never} got none"
    yield f"  who they were            {', '.join(f'{c["people"]} {name}' for name, c in result.characters.items())}"


def _funnel(result: Simulated) -> Iterator[str]:
    most = max((step.reached for step in result.steps), default=0) or 1
    heads = " ".join(f"{head:>{width}}" for head, width in HEADS.items())
    yield f"  {'step':<18} {'kind':<10} {heads}"
    for step in result.steps:
        bar = "█" * round(BAR * step.reached / most)
        yield (
            f"  {step.step:<18} {step.kind:<10} {step.reached:>7} {_n(step.said)} {_n(step.unprompted)} {_n(step.replied)} "
            f"{_n(step.answered)} {_n(step.ended)} {_n(step.opted_out, 4)} {_n(step.complained, 5)} {bar}".rstrip()
        )
        yield from _harm(step)
    yield "  (first: said unprompted; wrote: wrote back; out: opted out after its words; angry: complained after them)"


def _harm(step: StepTold) -> Iterator[str]:
    """The wordings of a step after which several people left."""
    for wording, (said, out, angry) in step.by_wording.items():
        if out + angry >= 3:
            yield f"    {wording}: {out} opted out and {angry} complained of {said} who heard it"


def _days(result: Simulated) -> Iterator[str]:
    yield f"  {'day':>4} {'entered':>8} {'first':>7} {'in reply':>9} {'others':>7} {'held':>6} {'people wrote':>13} {'out':>4}"
    for day in result.days:
        counts = (day.entered, day.unprompted, day.in_reply, day.other_flows, day.held, day.written, day.opted_out)
        if any(counts):
            cells = (_n(n, width) for n, width in zip(counts, (8, 7, 9, 7, 6, 13, 4), strict=True))
            yield f"  {day.day:>4} {' '.join(cells)}".rstrip()
    yield "  (first: sent by this flow unprompted; others: sent by other flows)"


def _held(result: Simulated) -> Iterator[str]:
    if not result.held:
        yield "  Nothing was held back."
        return
    yield f"  {'held back':<17} {'times':>6} {'people':>7}  why, and where most"
    for held in result.held:
        where = ", ".join(f"{step} {number}" for step, number in list(held.steps.items())[:3])
        yield f"  {held.reason:<17} {held.times:>6} {held.people:>7}  {WHY.get(held.reason, held.reason)} ({where})"


def _transcript(transcript: Transcript) -> Iterator[str]:
    meaning = CHARACTERS[transcript.character].meaning
    where = f"{transcript.zone}, {transcript.language}" if transcript.language else transcript.zone
    yield f"  {transcript.person}, {transcript.character} ({meaning}), {where}; {transcript.ended}"
    zone, last = known_zone(transcript.zone), None
    for at, who, words in transcript.lines:
        local = at.astimezone(zone)
        if local.date() != last:
            yield f"    {local:%a %-d %b}"
            last = local.date()
        yield f"      {local:%H:%M:%S}  {who:<26} {words}"


def _when(at: datetime) -> str:
    return f"{at:%a %-d %b at %H:%M} (UTC)"


def _n(number: int, width: int = 6) -> str:
    return f"{number or '':>{width}}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _seconds(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def as_data(result: Simulated) -> dict[str, Any]:
    """Plain data for JSON. Times are ISO 8601 in UTC."""
    told = asdict(result)
    setup = result.setup
    told["setup"] = {
        **told["setup"],
        "start": setup.start.isoformat(),
        "last_wrote": setup.last_wrote.total_seconds(),
        "entering": setup.entering_days,
    }
    for transcript in told["transcripts"]:
        transcript["lines"] = [{"at": at.isoformat(), "who": who, "words": words} for at, who, words in transcript["lines"]]
    for stopped in (*told["paused"], *told["stopped_arms"]):
        stopped["at"] = stopped["at"].isoformat() if stopped["at"] else None
    for step in told["steps"]:
        step["by_wording"] = {
            name: {"said": said, "opted_out": out, "complained": angry} for name, (said, out, angry) in step["by_wording"].items()
        }
    for held in told["held"]:
        held["why"] = WHY.get(held["reason"], held["reason"])
    return told


def as_csv(result: Simulated) -> str:
    """One number a row: table, name, measure, value. Transcripts are left out."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("table", "name", "measure", "value"))
    for measure in (
        "entered",
        "people_written_to",
        "replied",
        "messages_written",
        "opted_out",
        "complained",
        "undelivered",
        "live",
    ):
        rows.writerow(("summary", result.flow, measure, getattr(result, measure)))
    for how, number in result.ends.items():
        rows.writerow(("ends", how, "people", number))
    for step in result.steps:
        for measure, value in asdict(step).items():
            if measure not in ("step", "kind", "by_wording"):
                rows.writerow(("step", step.step, measure, value))
        for wording, counts in step.by_wording.items():
            for measure, value in zip(("said", "opted_out", "complained"), counts, strict=True):
                rows.writerow(("wording", wording, measure, value))
    for day in result.days:
        for measure, value in asdict(day).items():
            if measure != "day":
                rows.writerow(("day", day.day, measure, value))
    for held in result.held:
        rows.writerow(("held", held.reason, "times", held.times))
        rows.writerow(("held", held.reason, "people", held.people))
    for paused in result.paused:
        rows.writerow(("paused", paused.flow, "at", paused.at.isoformat() if paused.at else "before"))
    for arm in result.stopped_arms:
        rows.writerow(("arm_stopped", f"{arm.flow}/{arm.experiment}={arm.arm}", "at", arm.at.isoformat() if arm.at else "before"))
    for measure, value in asdict(result.waits).items():
        if measure != "reasons":
            rows.writerow(("waits", "person", measure, "" if value is None else value))
    return out.getvalue()
