"""What prospects hear of the waiting time, when, and how right it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from bot.core.model import ClockKind, Episode, Reason
from handoff.desk import Desk
from handoff.forecast import Sample
from handoff.policy import Choice
from tests.handoff.worlds import OFFICE_HOURS, SAM, START, World, berlin, desk, promises, seat

SLOW = promises("\ncalendar: always\n").model_copy(
    update={"targets": promises("\ncalendar: always\n").targets.model_copy(update={"first_words_s": 3600})}
)


def samples(*waits_s: float, at: Any = START) -> tuple[Sample, ...]:
    asked_at = at - timedelta(days=7)
    return tuple(Sample(requested_at=asked_at, until=asked_at + timedelta(seconds=wait_s)) for wait_s in waits_s)


OTHER = Episode(
    episode_id="e",
    reason=Reason.ASKED,
    requested_at=START - timedelta(seconds=30),
    first_words_due_at=START + timedelta(seconds=30),
)  # fmt: skip
USUAL = samples(*(150.0 + 10 * n for n in range(20)))
"""Two and a half minutes to five and a half."""


def busy(*waiting: str, known: tuple[Sample, ...] = USUAL) -> Desk:
    others = tuple(replace(OTHER, episode_id=name) for name in waiting)
    return Desk((seat(SAM, load=3),), queue=others, samples=known)


def test_the_usual_wait_is_told_as_a_range() -> None:
    world = World(busy())
    world.open()
    assert world.said() == ["wait_known"]
    assert "3 to 6 minutes" in world.says[-1].text
    [told] = world.episode.forecasts
    assert (told.low_s, told.high_s, told.place) == (180, 360, None)


def test_a_wait_that_may_break_the_promise_comes_with_the_choice() -> None:
    long, short = World(busy()), World(busy(known=samples(*([20.0] * 12))))
    long.open()
    short.open()
    assert [reply.payload for reply in long.says[-1].quick_replies] == [choice.value for choice in Choice]
    assert short.says[-1].quick_replies == ()
    slow = World(busy(), SLOW)
    slow.open()
    assert slow.says[-1].quick_replies == ()
    slow.wait(361)
    assert len(slow.says[-1].quick_replies) == len(Choice)


def test_the_place_is_told_only_where_others_come_first() -> None:
    world = World(busy("c7", "c8"))
    world.open()
    assert world.said() == ["wait_in_line"]
    assert "number 3" in world.says[-1].text
    assert world.episode.forecasts[0].place == 3


def test_who_would_be_served_at_once_is_told_no_place() -> None:
    world = World(replace(busy("c7"), seats=(seat(SAM, load=1),)))
    world.open()
    assert world.said() == ["wait_known"]


def test_without_enough_waits_there_are_honest_words_and_no_figure() -> None:
    world = World(busy(known=USUAL[:9]))
    world.open()
    assert world.said() == ["getting_someone_online"]
    assert world.episode.forecasts == ()
    assert world.clock(ClockKind.FORECAST) is None
    in_line = World(busy("c7", known=()))
    in_line.open()
    assert in_line.said() == ["line_known"]


def test_nobody_at_the_desk_is_not_made_to_look_like_a_usual_day() -> None:
    world = World(replace(desk(), samples=USUAL))
    world.open()
    assert world.said() == ["getting_someone_offline"]


def test_a_wait_that_slips_is_told_again_with_what_is_known_then() -> None:
    longer = samples(*(900.0 + 60 * n for n in range(12)), at=START - timedelta(hours=9))
    world = World(busy(known=USUAL + longer), SLOW)
    world.open()
    first = world.episode.forecasts[0]
    world.wait(first.high_s - 1)
    assert world.said() == ["wait_known"]
    world.wait(2)
    assert world.said() == ["wait_known", "wait_longer"]
    assert len(world.episode.forecasts) == 2
    assert world.episode.forecasts[0] == first


def test_updates_keep_the_gap_however_short_the_range() -> None:
    known = samples(*([5.0] * 10), *(40.0 + n for n in range(20)), *(3000.0 for _ in range(1)))
    world = World(busy(known=known), SLOW)
    world.open()
    world.wait(3000)
    told_at = [at for at, say in zip(world.said_at, world.says, strict=True) if say.wording and "wait_" in say.wording]
    gaps = [(later - at).total_seconds() for at, later in pairwise(told_at)]
    assert gaps
    assert min(gaps) >= 120


def test_no_update_in_the_prospect_s_quiet_hours() -> None:
    night = berlin("2026-11-23T22:00")
    known = samples(*(150.0 + 10 * n for n in range(20)), at=night)
    world = World(busy(known=known), SLOW, now=night)
    world.state = replace(world.state, profile=replace(world.state.profile, zone="Europe/Berlin"))
    world.open()
    world.wait(1800)
    assert world.said(night) == ["wait_known"]
    awake = World(busy(known=known), SLOW, now=night)
    awake.state = replace(awake.state, profile=replace(awake.state.profile, zone="America/New_York"))
    awake.open()
    awake.wait(1800)
    assert awake.said(night) == ["wait_known", "wait_unknown"]


def test_once_the_promise_has_run_out_the_ladder_does_the_telling() -> None:
    world = World(busy())
    world.open()
    assert world.clock(ClockKind.FORECAST) is None, "six minutes are beyond the promise of one"
    world.wait(60)
    assert world.said() == ["wait_known", "nobody_came"]
    world.wait(125)
    assert world.said() == ["wait_known", "nobody_came", "still_waiting_known"]


def test_who_chose_to_be_called_back_hears_no_more_of_it() -> None:
    world = World(busy(), SLOW)
    world.open()
    world.prospect_writes("Call me back", payload="/warmline.callback")
    world.prospect_writes("+49 170 1234567")
    world.wait(600)
    assert "wait_longer" not in world.said()
    assert "wait_unknown" not in world.said()


def test_out_of_hours_it_is_said_when_somebody_is_there_and_no_wait() -> None:
    evening = berlin("2026-11-23T19:00")
    world = World(busy(), promises(OFFICE_HOURS), now=evening)
    world.open()
    assert world.said(evening) == ["closed_now"]


def test_the_error_is_kept_with_the_episode_when_the_first_words_come() -> None:
    world = World(busy(), SLOW)
    world.open()
    likely = world.episode.forecasts[0].likely_s
    world.take(SAM)
    assert world.clock(ClockKind.FORECAST) is None
    world.wait(200)
    world.write(SAM)
    assert (world.episode.forecast_error_s, world.episode.forecast_kept) == (200 - likely, True)
    late = World(busy(), SLOW)
    late.open()
    late.wait(700)
    late.take(SAM)
    late.write(SAM)
    assert (late.episode.forecast_error_s, late.episode.forecast_kept) == (700 - likely, False)
    assert late.noted("forecast.judged")[0].data["kept"] is False


def test_telling_the_wait_forgets_nothing_of_the_offer() -> None:
    world = World(Desk((seat(SAM),), samples=USUAL))
    world.open()
    assert world.said() == ["wait_known"]
    assert (world.episode.offered_to, world.episode.offered_at) == (("sam",), START)
