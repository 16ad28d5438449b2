"""A flow as people read it: its steps in order with their words, what each does in a sentence, and where it leads. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from nurture import copy as texts
from nurture import flow as f
from nurture.lint.score import SAYS
from nurture.lint.totals import FlowScore, LineScore

KINDS: Mapping[type, str] = {
    f.SayStep: "say",
    f.AskStep: "ask",
    f.OfferStep: "offer",
    f.WaitStep: "wait",
    f.BranchStep: "branch",
    f.ExperimentStep: "experiment",
    f.ScoreStep: "score",
    f.TagStep: "tag",
    f.HandoffStep: "handoff",
    f.WebhookStep: "webhook",
    f.GotoStep: "goto",
    f.GoalStep: "goal",
    f.StopStep: "stop",
}
UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
END = "the end"


def outline(flow: f.Flow, scores: FlowScore) -> list[dict[str, Any]]:
    """Every step: `id`, `line`, `kind`, `purpose`, `about` in a sentence, `words`, `next` steps and the `score` of its words."""
    scored = {step.step: step for step in scores.steps}
    return [
        {
            "id": step.id,
            "line": step.line,
            "kind": KINDS[type(step)],
            "purpose": getattr(step, "purpose", None),
            "about": about(step),
            "words": list(_words(step, scored[step.id].lines if step.id in scored else ())),
            "next": _next(step),
            "score": scored[step.id].value if step.id in scored else None,
        }
        for step in flow.steps.values()
    ]


def _words(step: f.Step, scored: tuple[LineScore, ...]) -> Iterator[dict[str, Any]]:
    """Every wording of a step with its bubbles; those in other languages have no score, as the lint reads English."""
    found = {(one.line.field, one.line.channel, one.line.number): one for one in scored}
    for field, copy in f.copies(step):
        for language, words in (("", copy), *copy.per_language.items()):
            for channel, number, bubbles in texts.texts(words):
                score = None if language else found.get((field, channel, number))
                yield {
                    "field": field,
                    "channel": channel or None,
                    "language": language or None,
                    "bubbles": list(bubbles),
                    "choices": [choice.title for choice in words.choices] if field != "nudge" else [],
                    "score": score.value if score else None,
                    "why": [{"feature": why.feature, "says": SAYS[why.feature], "points": why.points} for why in score.why]
                    if score
                    else [],
                }


def about(step: f.Step) -> str:
    """What a step does, in a sentence; empty where its words say it all."""
    match step:
        case f.AskStep():
            known = " Passed over if that is known." if step.unless_known else ""
            return f"Waits for an answer, which is kept as {step.slot}.{known} {_silence(step.silence)}"
        case f.OfferStep():
            yes, no = step.accepted, step.declined
            return f"A yes leads to {yes}, a no to {no}. {_silence(step.silence)}"
        case f.WaitStep():
            return _pause(step)
        case f.BranchStep():
            return f"Goes the first way that fits, else to {_to(step.then)}."
        case f.ExperimentStep():
            whole = sum(arm.share for arm in step.arms)
            return f"Splits people: {', '.join(f'{arm.name} {100 * arm.share / whole:.0f} %' for arm in step.arms)}."
        case _:
            return _act(step)


def _act(step: f.Step) -> str:
    match step:
        case f.ScoreStep():
            warmer = f"{step.points} points warmer" if step.points >= 0 else f"{-step.points} points cooler"
            return f"Counts the person as {warmer}."
        case f.TagStep():
            put, off = ", ".join(step.add), ", ".join(step.remove)
            return " ".join((*([f"Tags the person {put}."] if put else []), *([f"Takes {off} off."] if off else [])))
        case f.HandoffStep():
            return f"Asks for a person: {step.detail}"
        case f.WebhookStep():
            return f"Asks another program; if that fails, goes to {step.on_failure}."
        case f.GoalStep():
            return f"The goal: {step.goal}"
        case f.StopStep():
            return f"Ends here: {step.reason}"
        case f.GotoStep():
            return f"Goes on at {_to(step.then)}."
        case _:
            return ""


def _silence(silence: f.Silence) -> str:
    nudged = {0: "", 1: "one nudge, then "}.get(silence.nudges, f"{silence.nudges} nudges, then ")
    return f"After {lasts(silence.after)} of silence: {nudged}{_to(silence.then)}."


def _pause(step: f.WaitStep) -> str:
    if step.for_reply:
        assert step.duration is not None
        return f"Waits for a reply, {lasts(step.duration)} at most; then goes to {_to(step.on_silence)}."
    if step.until is not None:
        return f"Waits until {step.until:%H:%M}{' the next day' if step.next_day else ''}, by the person's clock."
    return f"Waits {lasts(step.duration or timedelta())}."


def _next(step: f.Step) -> list[str]:
    """The steps that may come next, each once, without the end."""
    return list(dict.fromkeys(step_id for step_id in f.ways_out(step) if step_id is not None))


def _to(step_id: str | None) -> str:
    return step_id or END


def lasts(length: timedelta) -> str:
    """A length in words, such as `1 day 2 hours`."""
    left, told = round(length.total_seconds()), []
    for name, seconds in UNITS:
        count, left = divmod(left, seconds)
        if count:
            told.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(told) or "no time"
