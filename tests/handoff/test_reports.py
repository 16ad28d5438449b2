"""Reports: exact numbers over episodes and the journal, each of which opens."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import JournalEntry
from bot.core.model import AgentRef, Episode, Forecast, Reason
from bot.store.contract import Handed, JournalLine
from handoff.accounts import Cause
from handoff.numbers import By, Ending, Segment, percentile, spread
from handoff.reports import misses_of, report, waits_of
from handoff.telling import COLUMNS, as_csv, behind, told
from tests.handoff.worlds import START


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


ASKED = Episode(
    episode_id="e1", reason=Reason.ASKED, requested_at=START, first_words_due_at=at(60), offer_due_at=at(5), phase="unstaffed",
    phase_since=START,
)  # fmt: skip
ANSWERED = replace(
    ASKED, status="accepted", offered_at=at(2), accepted_at=at(10), first_words_at=at(30),
    agent=AgentRef(agent_id="sam", name="Sam"), team="sales", phase="talking",
)  # fmt: skip


def handed(episode: Episode, *lines: JournalLine, **others: Any) -> Handed:
    return Handed(conversation_id="c1", channel="widget", episode=episode, lines=lines, **others)


def line(number: int, kind: str, seconds: float, **data: object) -> JournalLine:
    entry = JournalEntry(kind=kind, at=at(seconds), data={"episode_id": "e1", **data})
    return JournalLine(journal_id=number, conversation_id="c1", entry=entry)


def lengths(one: Handed, now: float) -> dict[Segment, list[tuple[float, Ending]]]:
    found: dict[Segment, list[tuple[float, Ending]]] = {}
    for wait in waits_of(one, at(now)):
        found.setdefault(wait.segment, []).append((wait.waited_s, wait.ending))
    return found


def test_each_part_of_an_answered_wait() -> None:
    spoke = line(7, "episode.next_words", 100, waited_ms=12_500, working_ms=12_500)
    assert lengths(handed(ANSWERED, spoke), 999) == {
        Segment.OFFER: [(2.0, Ending.ANSWERED)],
        Segment.ACCEPT: [(8.0, Ending.ANSWERED)],
        Segment.FIRST_WORDS: [(30.0, Ending.ANSWERED)],
        Segment.NEXT_WORDS: [(12.5, Ending.ANSWERED)],
    }
    (opened,) = [wait for wait in waits_of(handed(ANSWERED, spoke), at(999)) if wait.segment is Segment.NEXT_WORDS]
    assert (opened.journal_id, opened.since) == (7, at(87.5))


def test_a_wait_that_is_not_over_counts_as_it_stands() -> None:
    assert lengths(handed(ASKED), 300) == {
        Segment.OFFER: [(300.0, Ending.SO_FAR)],
        Segment.FIRST_WORDS: [(300.0, Ending.SO_FAR)],
    }
    again = handed(ANSWERED, promise_opened_at=at(100), promise_due_at=at(120))
    assert lengths(again, 300)[Segment.NEXT_WORDS] == [(200.0, Ending.SO_FAR)]


def test_how_right_the_told_waiting_times_were() -> None:
    def guessed(name: str, error_s: float | None, kept: bool | None) -> Handed:
        first = Forecast(told_at=START, low_s=20, likely_s=40, high_s=60)
        later = Forecast(told_at=at(60), low_s=300, likely_s=400, high_s=600)
        episode = replace(ANSWERED, episode_id=name, forecasts=(first, later), forecast_error_s=error_s, forecast_kept=kept)
        return handed(episode)

    found = [guessed("e1", -10, True), guessed("e2", 15, True), guessed("e3", 90, False), guessed("e4", None, False)]
    made = report([*found, guessed("e5", None, None), handed(ASKED)], since=START, until=at(9), now=at(99), by=By.CHANNEL)
    assert told(made)["total"]["forecast"] == {
        "told": 5, "judged": 4, "inside": 0.5, "p50_error_s": 15, "p90_error_s": 90,
    }  # fmt: skip
    assert [(one["episode_id"], one["low_s"], one["error_s"], one["inside"]) for one in behind(made.total)["forecasts"]][2:4] == [
        ("e3", 20, 90, False),
        ("e4", 20, None, False),
    ]
    [*_, last] = csv.DictReader(io.StringIO(as_csv(made)))
    assert [last[f"forecast_{name}"] for name in ("told", "judged", "inside", "p50_error_s")] == ["5", "4", "0.5", "15"]
    nothing = told(report([handed(ASKED)], since=START, until=at(9), now=at(99), by=By.CHANNEL))["total"]["forecast"]
    assert nothing == {"told": 0, "judged": 0, "inside": None, "p50_error_s": None, "p90_error_s": None}


def test_how_talks_ended_what_that_is_worth_and_how_they_were_rated() -> None:
    def ended(outcome: str, value: float | None = None, rating: int | None = None) -> Handed:
        over = replace(ANSWERED, status="closed", closed_at=at(90), outcome=outcome, outcome_value=value, rating=rating)
        return handed(replace(over, rating_asked_at=at(100) if rating else None))

    found = [ended("won", 100.5, 5), ended("won", 20.25), ended("lost", rating=2), handed(ANSWERED)]
    made = report(found, since=START, until=at(9), now=at(999), by=By.CHANNEL)
    said = told(made)["total"]
    assert said["outcomes"] == {"won": {"count": 2, "value": 120.75}, "lost": {"count": 1, "value": 0.0}}
    assert said["rating"] == {"asked": 2, "given": 2, "mean": 3.5}
    [*_, last] = csv.DictReader(io.StringIO(as_csv(made)))
    assert (last["won_count"], last["won_value"], last["lost_count"], last["later_count"], last["rating_mean"]) == (
        "2", "120.75", "1", "0", "3.5",
    )  # fmt: skip
    assert [one["rating"] for one in behind(made.total)["ends"]] == [5, None, 2, None]


def test_a_wait_that_ended_unanswered_counts_as_long_as_it_lasted() -> None:
    gone = replace(ASKED, status="closed", closed_at=at(40), phase="", phase_since=None)
    assert lengths(handed(gone), 300)[Segment.FIRST_WORDS] == [(40.0, Ending.ABANDONED)]
    assert misses_of(handed(gone), at(300)) == []


def test_an_agent_who_dropped_off_had_accepted_all_the_same() -> None:
    returned = replace(ANSWERED, status="waiting", accepted_at=None, agent=None, first_words_at=None)
    accepted = line(3, "episode.accepted", 10, agent_id="sam", waited_ms=10_000)
    assert lengths(handed(returned, accepted), 300)[Segment.ACCEPT] == [(8.0, Ending.ANSWERED)]


def test_a_breach_is_not_hidden_because_nobody_answered_or_judged_it_yet() -> None:
    found = {miss.segment: miss for miss in misses_of(handed(ASKED), at(75))}
    assert set(found) == {Segment.OFFER, Segment.FIRST_WORDS}
    first = found[Segment.FIRST_WORDS]
    assert (first.cause, first.late_s, first.judged) == (Cause.NO_AGENTS, 15.0, False)
    assert misses_of(handed(ASKED), at(4)) == []


def test_a_breach_counts_once_and_each_late_answer_for_itself() -> None:
    missed = replace(ANSWERED, breached=("offer", "first_words", "next_words"), causes={"offer": "routing"})
    lines = (
        line(1, "episode.breached", 65, clock="first_words", late_ms=5000, cause="slow", policy="default"),
        line(2, "episode.breached", 70, clock="first_words", late_ms=9000, cause="slow", policy="default"),
        line(3, "episode.breached", 200, clock="next_words", late_ms=100, cause="bot_late", policy="default"),
        line(4, "episode.breached", 300, clock="next_words", late_ms=200, cause="slow", policy="default"),
    )
    found = misses_of(handed(missed, *lines), at(999))
    assert [(miss.segment, miss.cause, miss.late_s, miss.journal_id) for miss in found] == [
        (Segment.FIRST_WORDS, Cause.SLOW, 5.0, 1),
        (Segment.NEXT_WORDS, Cause.BOT_LATE, 0.1, 3),
        (Segment.NEXT_WORDS, Cause.SLOW, 0.2, 4),
        (Segment.OFFER, Cause.ROUTING, None, None),
    ]


def test_an_overdue_next_answer_is_a_miss_until_the_journal_says_it() -> None:
    late = handed(ANSWERED, promise_opened_at=at(100), promise_due_at=at(120))
    (miss,) = misses_of(late, at(130))
    assert (miss.segment, miss.late_s, miss.judged) == (Segment.NEXT_WORDS, 10.0, False)
    judged = line(9, "episode.breached", 121, clock="next_words", late_ms=1000, cause="slow", policy="default")
    (miss,) = misses_of(replace(late, lines=(judged,)), at(130))
    assert (miss.journal_id, miss.judged) == (9, True)


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        (By.HOUR, ["09", "10"]),
        (By.AGENT, ["-", "sam"]),
        (By.TEAM, ["-", "sales"]),
        (By.CHANNEL, ["widget"]),
        (By.REASON, ["asked"]),
    ],
)
def test_rows(by: By, keys: list[str]) -> None:
    later = replace(ASKED, episode_id="e2", requested_at=at(3600), first_words_due_at=at(3660), offer_due_at=at(3605))
    made = report([handed(ANSWERED), handed(later)], since=START, until=at(9999), now=at(3601), by=by)
    assert [row.key for row in made.rows] == keys
    assert (made.total.episodes, sum(row.episodes for row in made.rows)) == (2, 2)


def test_hours_are_told_by_the_clock_of_the_zone() -> None:
    made = report([handed(ANSWERED)], since=START, until=at(9999), now=at(1), by=By.HOUR, zone="Asia/Tokyo")
    assert [row.key for row in made.rows] == ["18"]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.sampled_from([0.01, 0.5, 0.9, 0.95, 1.0]))
def test_a_percentile_is_a_wait_somebody_had_and_enough_did_not_wait_longer(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    enough = math.ceil(round(share * len(values), 9))
    assert sum(value <= found for value in values) >= enough
    assert sum(value < found for value in values) < enough


def test_percentiles_by_hand() -> None:
    told_of = spread([float(n) for n in range(20, 0, -1)])
    assert (told_of.p50_s, told_of.p90_s, told_of.p95_s, told_of.worst_s) == (10, 18, 19, 20)
    assert spread([]).p50_s is None
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_the_total_is_not_an_average_of_rows() -> None:
    quick = [handed(replace(ANSWERED, first_words_at=at(1))) for _ in range(9)]
    slow = handed(replace(ANSWERED, team="other", first_words_at=at(100)))
    made = report([*quick, slow], since=START, until=at(9999), now=at(999), by=By.TEAM)
    assert made.total.spread(Segment.FIRST_WORDS).p90_s == 1
    assert made.total.spread(Segment.FIRST_WORDS).p95_s == 100


def test_json_and_csv_say_the_same() -> None:
    made = report([handed(replace(ANSWERED, team="=cmd()")), handed(ASKED)], since=START, until=at(99), now=at(75), by=By.TEAM)
    data = told(made)
    rows = list(csv.DictReader(io.StringIO(as_csv(made))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["key"] for row in rows] == ["-", "'=cmd()", "total"]
    for row, said in zip(rows, (*data["rows"], data["total"]), strict=True):
        assert int(row["episodes"]) == said["episodes"]
        for name, numbers in said["segments"].items():
            for field, value in numbers.items():
                assert row[f"{name}_{field}"] == ("" if value is None else str(value))
        assert {c: int(row[f"cause_{c}"]) for c in Cause if int(row[f"cause_{c}"])} == said["causes"]


def test_every_number_opens() -> None:
    made = report([handed(ANSWERED), handed(ASKED)], since=START, until=at(99), now=at(75), by=By.CHANNEL)
    opened, said = behind(made.rows[0]), told(made)["rows"][0]
    for name, numbers in said["segments"].items():
        assert sum(wait["segment"] == name for wait in opened["waits"]) == numbers["count"]
        assert sum(miss["segment"] == name for miss in opened["misses"]) == numbers["missed"]
    assert max(wait["waited_s"] for wait in opened["waits"]) == opened["waits"][0]["waited_s"] == 75.0
