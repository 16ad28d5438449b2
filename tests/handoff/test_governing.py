"""Which promises govern an open handoff, why, and what comes next."""

from __future__ import annotations

from dataclasses import replace

from bot.core.model import ClockKind, Reason
from handoff.governing import ALARM, governing
from tests.handoff.conftest import Office
from tests.handoff.worlds import POLICY, SAM, World, desk, promises

OTHERS = """
policies:
  - name: big leads
    match: {channel: facebook, value_from: 1000, tag: vip}
    targets: {first_words_s: 30}
  - name: complaints
    match: {reason: complaint}
"""


def test_without_an_open_handoff_nothing_is_promised() -> None:
    assert governing(World().state, POLICY) is None


def test_the_default_says_why_it_holds_and_what_comes_next() -> None:
    world = World(desk(SAM))
    world.open()
    found = governing(world.state, POLICY)
    assert found is not None
    assert (found.policy, found.because) == ("default", ("there is no other policy",))
    assert dict(found.targets)["first_words"] == POLICY.targets.first_words_s
    rung, clock = found.next_rung, world.clock(ClockKind.RUNG)
    assert rung is not None
    assert clock is not None
    assert (rung.at, rung.place) == (clock.due_at, POLICY.ladder[0].place)
    assert rung.does == ("ask the next free person",)


def test_a_policy_says_by_what_it_was_chosen_also_when_that_has_changed() -> None:
    policy = promises(OTHERS)
    world = World(desk(SAM), policy, channel="facebook", slots={"lead_value": 5000}, tags=("vip", "new"))
    world.open()
    found = governing(world.state, policy)
    assert found is not None
    assert found.policy == "big leads"
    assert found.because == ("the channel is Messenger", "tagged vip", "the value is 5000 (from 1000 on)")
    assert dict(found.targets)["first_words"] == 30
    found = governing(replace(world.state, tags=()), policy)
    assert found is not None
    assert "the tag fitted when a person was needed" in found.because


def test_others_that_do_not_fit_and_a_policy_that_is_gone_are_told() -> None:
    policy = promises(OTHERS)
    world = World(desk(SAM), policy)
    world.open()
    found = governing(world.state, policy)
    assert found is not None
    assert found.because == ("no other policy fits",)
    complained = World(desk(SAM), policy)
    complained.open(Reason.COMPLAINT)
    found = governing(complained.state, POLICY)
    assert found is not None
    assert found.policy == "complaints"
    assert "no longer has it" in found.because[0]


def test_above_the_ladder_the_team_is_alarmed_again_and_words_end_it() -> None:
    world = World(desk(SAM))
    world.open()
    world.wait(POLICY.targets.first_words_s + 1)
    found = governing(world.state, POLICY)
    assert found is not None
    assert found.next_rung is not None
    assert found.next_rung.does == (ALARM,)
    world.take(SAM)
    world.write(SAM)
    found = governing(world.state, POLICY)
    assert found is not None
    assert found.next_rung is None


async def test_the_card_tells_it(office: Office) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    _, body = await sam.get(f"conversations/{conversation_id}")
    told = body["card"]["promises"]
    assert (told["policy"], told["calendar"]) == ("default", "always")
    assert told["targets"][2] == {"clock": "first_words", "seconds": 60.0}
    assert told["next_rung"]["place"] == POLICY.ladder[0].place
