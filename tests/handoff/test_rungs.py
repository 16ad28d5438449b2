"""What each rung does, which sign from a person makes it needless, and where its place on the clock is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.model import Owner, Reason
from handoff.policy import Policy
from handoff.rounds import Round, rung_due
from handoff.rungs import Action, Rung, check_ladder
from tests.handoff.worlds import MIA, SAM, START, World, desk, promises

TARGET_S = World().policy.targets.first_words_s
LAST = "      - {at: 100, actions: [tell_prospect]}\n"


def with_ladder(*rungs: str, last: str = LAST, more: str = "") -> Policy:
    """The shipped file with another ladder for everybody."""
    filler = "".join(f"      - {{at: {n}, actions: [offer_next]}}\n" for n in (1, 2))
    body = "".join(f"      - {rung}\n" for rung in rungs)
    return promises(f"{more}policies:\n  - name: all\n    ladder:\n{filler}{body}{last}")


def climbed(world: World) -> list[int]:
    return [e.data["rung"] for e in world.noted("rung.climbed")]


def test_seconds_and_percent_stand_side_by_side() -> None:
    policy = with_ladder("{after_s: 10, actions: [sound]}", "{at: 50, actions: [sound]}", "{after_s: 45, actions: [sound]}")
    world = World(desk(), policy)
    world.open()
    world.wait(TARGET_S)
    assert [(e.at - START).total_seconds() for e in world.noted("rung.climbed")] == [0.6, 1.2, 10, 30, 45, 60]


def test_a_long_ladder_is_climbed_to_its_end_and_alarms_go_on() -> None:
    rungs = [f"{{at: {at}, actions: [sound]}}" for at in range(3, 99)]
    world = World(desk(), with_ladder(*rungs, last=LAST + "      - {at: 400, actions: [tell_prospect]}\n"))
    world.open()
    world.wait(TARGET_S * 4)
    assert climbed(world) == list(range(100))
    world.wait(3600)
    assert len(world.noted("ladder.alarmed_again")) > 5


def test_a_sound_goes_to_whoever_is_asked_or_to_everybody() -> None:
    policy = with_ladder("{at: 10, actions: [sound]}")
    for who, to in ((desk(SAM), ("sam",)), (desk(), ())):
        world = World(who, policy)
        world.open()
        world.wait(TARGET_S * 0.1)
        assert [n.to for n in world.notices if n.data.get("sound")][-1] == to


@pytest.mark.parametrize("action", [Action.PUSH, Action.PAGE])
def test_a_call_says_whom_it_is_for_in_the_journal_and_on_screens(action: Action) -> None:
    policy = with_ladder(f"{{at: 10, actions: [{action.value}]}}", more="supervisors: [lena@example.com]\n")
    world = World(desk(SAM), policy)
    world.open()
    world.wait(TARGET_S * 0.1)
    [noted] = world.noted("notice.called")
    notice = world.notices[-1]
    assert (noted.data["notice"], noted.data["whom"]) == (action.value, 1)
    assert notice.kind == action.value
    assert notice.data["whom"] == (["lena@example.com"] if action is Action.PAGE else ["sam"])


def test_a_leads_value_is_raised() -> None:
    world = World(desk(), with_ladder("{at: 10, actions: [raise_value], raise_by: 250}"), slots={"lead_value": 100})
    world.open()
    world.wait(TARGET_S * 0.1)
    assert world.episode.value == 350


def test_a_rungs_own_lines_are_said_in_turn() -> None:
    lines = ["Still ringing.", "I called again.", "They know you wait."]
    rung = f"{{at: 10, actions: [say], say: {lines}}}"
    world = World(desk(), with_ladder(rung, rung.replace("at: 10", "at: 20")))
    world.open()
    world.wait(TARGET_S * 0.2)
    said = [say.text for say in world.says[1:]]
    assert len(said) == 2
    assert set(said) <= set(lines)


def test_nothing_is_said_to_somebody_who_wants_no_more_messages() -> None:
    rung = '{at: 10, actions: [say, ask_number], say: ["One.", "Two.", "Three."]}'
    world = World(desk(), with_ladder(rung))
    world.open()
    world.state = replace(world.state, opted_out_at=world.now)
    world.wait(TARGET_S)
    assert len(world.says) == 1


@pytest.mark.parametrize(
    ("action", "phrase", "asking"), [("ask_number", "callback_ask", "callback_number"), ("ask_time", "booked_ask", "callback_time")]
)
def test_a_number_or_a_time_is_asked_for_once(action: str, phrase: str, asking: str) -> None:
    last = LAST + f"      - {{at: 200, actions: [{action}, tell_prospect]}}\n"
    world = World(desk(), with_ladder(f"{{at: 10, actions: [{action}]}}", last=last))
    world.open()
    world.wait(TARGET_S * 0.1)
    assert (world.said()[-1], world.state.asking) == (phrase, asking)
    world.wait(TARGET_S * 3)
    assert world.said().count(phrase) == 1


def test_a_ladder_may_end_the_request_and_says_so() -> None:
    world = World(desk(), with_ladder(last="      - {at: 150, actions: [return_to_bot]}\n"))
    world.open()
    world.wait(TARGET_S * 1.5)
    assert (world.state.owner, world.episode.status, world.episode.outcome) == (Owner.BOT, "closed", "nobody_came")
    assert world.said()[-1] == "returned_to_bot"
    assert "bot" in world.says[-1].text
    assert world.episode.causes["first_words"] == "no_agents"
    world.wait(86_400)
    assert world.said()[-1] == "returned_to_bot"


HURRY = (
    "{at: 50, actions: [offer_next]}",
    "{at: 60, actions: [widen, sound, supervisor, ask_number], until: first_words}",
    "{at: 70, actions: [offer_next]}",
)


def test_a_rung_that_waits_for_words_is_climbed_though_somebody_has_accepted() -> None:
    world = World(desk(SAM, MIA), with_ladder(*HURRY))
    world.open()
    world.take(SAM)
    said = len(world.says)
    world.wait(TARGET_S * 0.99)
    assert climbed(world) == [3]
    assert [n.kind for n in world.notices[-2:]] == ["alarm", "alarm"]
    assert world.notices[-2].to == ("sam",)
    assert not world.episode.widened
    assert len(world.says) == said  # what only makes sense before somebody accepts is left out
    assert world.state.owner is Owner.AGENT


def test_words_end_what_waits_for_them() -> None:
    world = World(desk(SAM), with_ladder(*HURRY))
    world.open()
    world.take(SAM)
    world.write(SAM)
    world.wait(3600)
    assert climbed(world) == []


def test_a_talk_that_goes_back_climbs_on() -> None:
    world = World(desk(SAM, MIA), with_ladder(*HURRY))
    world.open()
    world.take(SAM)
    world.wait(TARGET_S * 0.65)
    world.gone(SAM)
    world.wait(TARGET_S * 0.4)
    assert climbed(world) == [3, 4, 5]
    assert "nobody_came" in world.said()


def test_a_rung_that_waits_to_be_seen_is_needless_once_it_was() -> None:
    policy = with_ladder("{at: 10, actions: [sound], until: seen}")
    for seen in (True, False):
        world = World(desk(SAM), policy)
        world.open()
        world.wait(1.5)
        if seen:
            world.seen(SAM)
        world.wait(TARGET_S * 0.1)
        assert climbed(world) == ([0, 1] if seen else [0, 1, 2])
        assert len(world.noted("rung.needless")) == seen


def test_somebody_who_is_not_asked_sees_nothing() -> None:
    world = World(desk(SAM))
    world.open()
    world.seen(MIA)
    assert world.episode.seen_at is None


def test_a_capped_ladder_keeps_its_order_and_tells_the_prospect_before_the_window_closes() -> None:
    policy = with_ladder(
        "{at: 50, actions: [sound]}",
        last=LAST + "      - {at: 200, actions: [sound]}\n      - {at: 300, actions: [tell_prospect]}\n",
    ).named("all")
    cap = START + timedelta(seconds=TARGET_S / 2)
    round_ = Round(since=START, target_s=TARGET_S, cap=cap)
    places = [(rung_due(policy, round_, n) - START).total_seconds() for n in range(len(policy.ladder))]
    assert places == [0.3, 0.6, 15, 30, 120, 180]
    late = replace(round_, cap=START + timedelta(seconds=TARGET_S))
    assert rung_due(policy, late, 2) == START + timedelta(seconds=30)


def test_a_ladder_that_tells_late_is_drawn_together_as_a_whole() -> None:
    last = "      - {at: 100, actions: [sound]}\n      - {at: 200, actions: [page]}\n      - {at: 400, actions: [tell_prospect]}\n"
    policy = with_ladder(last=last).named("all")
    round_ = Round(since=START, target_s=TARGET_S, cap=START + timedelta(seconds=120))
    places = [(rung_due(policy, round_, n) - START).total_seconds() for n in range(len(policy.ladder))]
    assert places == [0.3, 0.6, 30, 60, 120]


def test_a_ladder_in_seconds_alone_is_judged_by_the_target() -> None:
    sounds = [Rung(after_s=s, actions=(Action.SOUND,)) for s in (5, 10)]
    rungs = (*sounds, Rung(after_s=60, actions=(Action.TELL_PROSPECT,)))
    check_ladder(rungs, 60)
    with pytest.raises(ValueError, match="still time"):
        check_ladder(rungs, 61)


def test_reasons_are_worded_for_every_reason() -> None:
    for reason in Reason:
        world = World(desk(SAM), with_ladder("{at: 10, actions: [sound, push, page, supervisor]}"))
        world.open(reason, quiet=True)
        world.wait(TARGET_S * 0.1)
        assert len(world.noted("notice.called")) == 2
