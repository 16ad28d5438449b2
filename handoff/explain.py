"""What would happen, and when, if a person were asked for at a given moment. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.window import rule_for
from handoff.calendar import next_close, next_open, open_at
from handoff.match import Facts
from handoff.policy import Policy, Target, clock_hours, due, spoken
from handoff.rounds import Round, alarm_gap_s, rung_due, window_cap
from handoff.rungs import OFFERING, SPEAKING, Action, Rung, Until

DOES = {
    Action.OFFER_NEXT: "ask the next free person",
    Action.WIDEN: "ask the whole team, with a sound",
    Action.SOUND: "sound again",
    Action.PUSH: "notify devices",
    Action.SUPERVISOR: "alarm the supervisors in the console",
    Action.PAGE: "page the supervisors",
    Action.RAISE_VALUE: "raise the lead's value",
    Action.SAY: "say the rung's own line to the prospect",
    Action.TELL_PROSPECT: "tell the prospect that nobody came, with a choice",
    Action.ASK_NUMBER: "ask the prospect for a number",
    Action.ASK_TIME: "ask the prospect for a time",
    Action.RETURN_TO_BOT: "end the request; the bot goes on",
}

WAITS_FOR = {
    Until.SEEN: "whoever is asked has seen it",
    Until.ACCEPTED: "somebody has accepted",
    Until.FIRST_WORDS: "somebody has written",
}

FROM = {
    Target.OFFER: "from the request",
    Target.ACCEPT: "from each offer; here, one made at once",
    Target.FIRST_WORDS: "from the request",
    Target.NEXT_WORDS: "from the prospect's oldest unanswered message; here, one sent at this moment",
    Target.CALLBACK: "from a number or a time that is left; here, one left at once",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLine:
    """One clock: its target, the time it goes by, and when it runs out. `capped` if the channel's window comes first."""

    clock: str
    target_s: float
    time: str
    counts: str
    due_at: datetime
    capped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RungLine:
    """One rung: where it stands, when it is climbed, what it does and what makes it needless. `notes` say what to know."""

    place: str
    at: datetime
    does: tuple[str, ...]
    until: str
    notes: tuple[str, ...] = ()
    in_window: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What governs a handoff asked for at `at`, and everything that follows if nobody does anything."""

    at: datetime
    facts: Facts
    policy: str
    others: tuple[tuple[str, str], ...]
    calendar: str
    desk_zone: str
    prospect_zone: str
    is_open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    holiday: str | None
    window_closes_at: datetime | None
    hears: str
    clocks: tuple[ClockLine, ...]
    rungs: tuple[RungLine, ...]
    then: str

    def as_json(self) -> dict[str, Any]:
        """Plain values, with every moment in UTC and in both zones."""
        return {
            "at": self._moment(self.at),
            "policy": self.policy,
            "not_governing": [{"policy": name, "why": why} for name, why in self.others],
            "calendar": self.calendar,
            "desk_zone": self.desk_zone,
            "prospect_zone": self.prospect_zone,
            "open": self.is_open,
            "opens_at": self._moment(self.opens_at),
            "closes_at": self._moment(self.closes_at),
            "holiday": self.holiday,
            "window_closes_at": self._moment(self.window_closes_at),
            "prospect_hears": self.hears,
            "clocks": [
                {
                    "clock": line.clock,
                    "target_s": line.target_s,
                    "time": line.time,
                    "counts": line.counts,
                    "due_at": self._moment(line.due_at),
                    "capped": line.capped,
                }
                for line in self.clocks
            ],
            "rungs": [
                {
                    "place": line.place,
                    "at": self._moment(line.at),
                    "does": list(line.does),
                    "until": line.until,
                    "notes": list(line.notes),
                    "fires_before_window_closes": line.in_window,
                }
                for line in self.rungs
            ],
            "then": self.then,
        }

    def _moment(self, at: datetime | None) -> dict[str, str] | None:
        if at is None:
            return None
        return {
            "utc": at.isoformat(),
            "desk": at.astimezone(ZoneInfo(self.desk_zone)).isoformat(),
            "prospect": at.astimezone(ZoneInfo(self.prospect_zone)).isoformat(),
        }


def explain(promises: Policy, facts: Facts, at: datetime, prospect_zone: str) -> Explanation:
    """What follows from a request at `at` (aware). The channel's window is the one that a message at that moment opens."""
    policy = promises.for_facts(facts)
    window = rule_for(facts.channel).opened(action="message", at=at)
    cap = window_cap(window, at) if policy.cap_at_window else None
    round_ = Round(since=at, target_s=policy.targets.first_words_s, cap=cap)
    hours = policy.hours
    opens_at = next_open(at, hours)
    local = at.astimezone(ZoneInfo(hours.zone)).date()
    return Explanation(
        at=at,
        facts=facts,
        policy=policy.name,
        others=_others(promises, facts, policy.name),
        calendar=policy.calendar,
        # A calendar that never closes is in no zone; the desk's times then read like the prospect's.
        desk_zone=prospect_zone if hours.always else hours.zone,
        prospect_zone=prospect_zone,
        is_open=open_at(at, hours),
        opens_at=opens_at,
        closes_at=next_close(at, hours),
        holiday=None if hours.always else hours.holiday(local),
        window_closes_at=window.closes_at,
        hears=_hears(policy, round_, at),
        clocks=tuple(_clocks(policy, round_, at)),
        rungs=tuple(_rung(policy, round_, place, window.closes_at) for place in range(len(policy.ladder))),
        then=_then(policy),
    )


def _others(promises: Policy, facts: Facts, governing: str) -> tuple[tuple[str, str], ...]:
    """Every policy that does not govern, and why."""
    lines, found = [], False
    for other in promises.policies:
        misses = other.match.misses(facts)
        if other.name == governing:
            found = True
        elif misses:
            lines.append((other.name, "; ".join(misses)))
        else:
            lines.append((other.name, f"it fits too, but {governing} comes first"))
    if found:
        lines.append(("default", f"it holds where no other fits, and {governing} does"))
    return tuple(lines)


def _clocks(policy: Policy, round_: Round, at: datetime) -> list[ClockLine]:
    lines = []
    for target in Target:
        seconds: float = getattr(policy.targets, f"{target.value}_s")
        natural = due(policy, at, seconds, target)
        capped = target in (Target.FIRST_WORDS, Target.CALLBACK) and round_.cap is not None and round_.cap < natural
        lines.append(
            ClockLine(
                clock=target.value,
                target_s=seconds,
                time="wall" if clock_hours(policy, target).always else "working",
                counts=FROM[target],
                due_at=round_.cap if capped and round_.cap is not None else natural,
                capped=capped,
            )
        )
    return lines


def _rung(policy: Policy, round_: Round, place: int, window_closes_at: datetime | None) -> RungLine:
    rung, at = policy.ladder[place], rung_due(policy, round_, place)
    in_window = window_closes_at is None or at < window_closes_at
    notes: list[str] = []
    if Action.PAGE in rung.actions and not policy.supervisors:
        notes.append("page: `supervisors` names nobody, so only a webhook hears of it")
    if not in_window:
        notes.append("never before the window closes" + (": the prospect cannot be told any more" if _speaks(rung) else ""))
    if rung.until is Until.FIRST_WORDS and OFFERING & set(rung.actions):
        notes.append("offers nothing once somebody has accepted")
    return RungLine(
        place=rung.place,
        at=at,
        does=tuple(DOES[action] for action in rung.actions),
        until=WAITS_FOR[rung.until],
        notes=tuple(notes),
        in_window=in_window,
    )


def _speaks(rung: Rung) -> bool:
    return bool(SPEAKING & set(rung.actions))


def _hears(policy: Policy, round_: Round, at: datetime) -> str:
    """Which of Warmline's phrases the prospect hears at once."""
    if Target.FIRST_WORDS in policy.pause.out_of_hours:
        opens_at, closes_at = next_open(at, policy.hours), next_close(at, policy.hours)
        if opens_at is not None and opens_at != at:
            return "closed_now: when somebody is there again, with the choice"
        if opens_at is not None and closes_at is not None and round_.due(policy) > closes_at:
            return "closing_soon: that it may only be when the team is back"
    wait = spoken(policy.targets.first_words_s)
    there = f"wait_known or wait_in_line where recent waits allow a figure, else getting_someone_online ({wait})"
    return f"{there}, if somebody is there; else getting_someone_offline ({wait})"


def _then(policy: Policy) -> str:
    after = policy.after_ladder
    gaps = ", ".join(f"{gap:g}" for gap in after.tell_again_s)
    alarms = f"alarms {after.alarm_every_s:g} s apart, then at gaps that double up to {alarm_gap_s(policy, 99):g} s"
    return f"{alarms}, and a word to the prospect after {gaps} s; then the last gap again and again"
