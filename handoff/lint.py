"""What is contradictory in a promises file that can be read: promises that cannot be kept, rungs and policies without effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.core.window import BY_CHANNEL
from bot.yamlfile import Document, Loc, load_document
from handoff.calendar import next_open
from handoff.match import Match
from handoff.policy import Policy
from handoff.rungs import ENDINGS, OFFERING, Action, Rung, Until

BEFORE_ACCEPTANCE = OFFERING | {Action.TELL_PROSPECT, Action.ASK_NUMBER, Action.ASK_TIME, Action.RETURN_TO_BOT}
"""What a rung does only while nobody has accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One contradiction: where it is, which rule found it, and what it comes to."""

    file: Path
    line: int
    field: str
    rule: str
    message: str


def lint(path: Path, *, now: datetime) -> list[Finding]:
    """Everything contradictory in a file, in the order of its lines. Raises `YamlFileError` if it cannot be read at all."""
    return findings_in(load_document(path), now=now)


def findings_in(document: Document, *, now: datetime) -> list[Finding]:
    """The same for a file that was read. Raises `YamlFileError`."""
    promises = Policy.of_document(document)
    found = [
        _finding(document, loc, rule, message)
        for loc, rule, message in (
            *_calendars(promises, now),
            *_shadowed(promises),
            *_policy(promises, promises, (), Match()),
            *(
                line
                for place, other in enumerate(promises.policies)
                for line in _policy(promises, promises.named(other.name), ("policies", place), other.match)
            ),
        )
    ]
    return sorted(set(found), key=lambda finding: (finding.line, finding.field, finding.message))


type _Line = tuple[Loc, str, str]


def _finding(document: Document, loc: Loc, rule: str, message: str) -> Finding:
    at = document.error(loc, message)
    return Finding(file=at.file, line=at.line, field=at.field, rule=rule, message=message)


def _calendars(promises: Policy, now: datetime) -> Iterator[_Line]:
    used = {promises.calendar, *(t.calendar for t in promises.teams.values()), *(p.calendar for p in promises.policies)}
    for name, spec in promises.calendars.items():
        if next_open(now, spec.build()) is None:
            yield ("calendars", name), "never_opens", f"{name} never opens from now on, so its clocks go by the wall clock"
        if name not in used:
            yield ("calendars", name), "unused", f"no policy and no team goes by {name}"


def _shadowed(promises: Policy) -> Iterator[_Line]:
    for place, other in enumerate(promises.policies):
        first = next((one for one in promises.policies[:place] if one.match.covers(other.match)), None)
        if first is not None:
            yield ("policies", place, "name"), "never_matches", f"whatever fits {other.name} fits {first.name} before it"


def _policy(promises: Policy, policy: Policy, loc: Loc, match: Match) -> Iterator[_Line]:
    """What a policy promises and how its ladder goes. `loc` is where it stands; what it inherits is told at the top."""
    own = promises.policies[int(loc[1])] if loc else None
    channels = [name for name in BY_CHANNEL if not match.channel or name in match.channel]
    windows = [w for name in channels if (w := BY_CHANNEL[name].by_action["message"]) is not None]
    window = min(windows, default=None)
    if window is not None:
        for name in ("first_words_s", "next_words_s", "callback_s"):
            own_target = own is None or getattr(own.targets, name) is not None
            seconds: float = getattr(policy.targets, name)
            if own_target and timedelta(seconds=seconds) > window:
                message = f"{seconds:g} s is longer than {_names(channels)} lets us write ({window.total_seconds():g} s)"
                yield (*loc, "targets", name), "longer_than_window", message
    if own is None or own.ladder is not None:
        yield from _ladder(policy, (*loc, "ladder"), window)


def _ladder(policy: Policy, loc: Loc, window: timedelta | None) -> Iterator[_Line]:
    ended: Rung | None = None
    target_s = policy.targets.first_words_s
    tells = next(place for place, rung in enumerate(policy.ladder) if ENDINGS & set(rung.actions))
    if (percent := policy.ladder[tells].percent(target_s)) > 100:
        late_s = target_s * (percent - 100) / 100
        yield (*loc, tells), "told_late", f"the prospect is told {late_s:g} s after the time they were promised"
    for place, rung in enumerate(policy.ladder):
        here, actions = (*loc, place), set(rung.actions)
        if ended is not None:
            yield (
                here,
                "never_climbed",
                f"the request has ended at {ended.place} (return_to_bot), so no rung from here on is climbed",
            )
            return
        if window is not None and rung.after_s is not None and rung.after_s >= window.total_seconds():
            yield here, "after_window", f"{rung.place} is never before the channel's window closes"
        if Action.PAGE in actions and not policy.supervisors:
            late = " after the time is up" if rung.percent(target_s) > 100 else ""
            yield here, "nobody_to_page", f"a page{late}, and `supervisors` names nobody"
        if rung.until is Until.FIRST_WORDS and (vain := actions & BEFORE_ACCEPTANCE):
            names = ", ".join(sorted(action.value for action in vain))
            yield here, "no_effect", f"{names}: without effect once somebody has accepted, which is when this rung is for"
        if Action.RETURN_TO_BOT in actions:
            ended = rung


def _names(channels: list[str]) -> str:
    return " and ".join(channels)
