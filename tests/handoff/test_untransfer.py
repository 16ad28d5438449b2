"""Taking back that a conversation was passed on, as long as nobody has taken it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import AgentRef, ClockKind, CommandRefused, Owner
from handoff import episodes
from tests.handoff.conftest import Office
from tests.handoff.test_passing import held, passed
from tests.handoff.worlds import MIA, SAM, World, desk, seat

BOSS = AgentRef(agent_id="boss", name="Vera")


def undo(world: World, by: AgentRef = SAM) -> None:
    world.do(lambda d: episodes.untransfer(d, world.policy, world.desk, by))


def refused(world: World, by: AgentRef = SAM) -> str:
    with pytest.raises(CommandRefused) as said:
        undo(world, by)
    return said.value.code


def owing(world: World) -> tuple[object, ...]:
    """What the holder owes, and what runs for it."""
    clocks = sorted((c.kind.value, c.due_at, str(c.data)) for c in world.state.clocks)
    return world.state.owner, world.state.promise, world.episode.agent, world.episode.accepted_at, world.episode.team, clocks


@pytest.mark.parametrize("where", [{"to": MIA}, {"team": "sales"}])
@pytest.mark.parametrize("waits", ["nothing", "first words", "next words"])
def test_whoever_held_it_has_it_again_and_owes_what_they_owed(where: dict[str, object], waits: str) -> None:
    world = World(desk(SAM, MIA))
    world.open()
    world.take(SAM)
    if waits != "first words":
        world.write(SAM)
    if waits == "next words":
        world.prospect_writes("and in blue?")
    world.sleep(7)
    before = owing(world)
    passed(world, **where)
    world.sleep(3)
    undo(world)
    assert owing(world) == before
    assert world.said()[-2:] == ["passed_on", "agent_joined"]
    assert world.noted("episode.transfer_undone")


def test_where_the_prospect_has_not_read_of_it_nothing_is_said() -> None:
    world = held(MIA)
    passed(world, to=MIA)
    world.bot_bubble(world.says[-1])
    decision = world.do(lambda d: episodes.untransfer(d, world.policy, world.desk, SAM))
    assert (len(decision.withdraw), decision.say) == (1, ())


def test_what_the_prospect_wrote_meanwhile_is_theirs_to_answer() -> None:
    world = held(MIA)
    passed(world, to=MIA)
    world.prospect_writes("still there?")
    undo(world)
    assert world.state.owner is Owner.AGENT
    world.wait(world.policy.targets.next_words_s * 3)
    assert world.breaches() or world.state.promise is None


def test_it_is_refused_once_somebody_has_taken_it_or_passed_it_on_again_or_it_was_a_while_ago() -> None:
    world = held(MIA)
    passed(world, to=MIA)
    assert refused(world, MIA) == "not_yours"
    world.take(MIA)
    assert refused(world) == "taken"
    world.give_back(MIA)
    assert refused(world) == "over"
    world = held(MIA)
    passed(world, to=MIA)
    world.take(MIA)
    world.gone(MIA)
    assert (world.state.owner, refused(world)) == (Owner.WAITING, "taken")
    world = held(MIA)
    passed(world, to=MIA)
    world.do(lambda d: episodes.transfer(d, world.policy, world.desk, BOSS, team="sales", anyones=True))
    assert refused(world) == "not_yours"
    world = held(MIA)
    passed(world, to=MIA)
    world.sleep(600)
    assert refused(world) == "too_late"
    undone = held(MIA)
    passed(undone, to=MIA)
    undo(undone)
    assert refused(undone) == "taken", "twice is once"


def test_a_supervisor_gives_it_back_to_whoever_had_it_or_to_everybody() -> None:
    world = held(MIA)
    world.do(lambda d: episodes.transfer(d, world.policy, world.desk, BOSS, to=MIA, anyones=True))
    undo(world, BOSS)
    assert world.episode.agent == SAM
    world = World(desk(SAM, MIA))
    world.open()
    first = world.offers()[-1]
    other = MIA if first == "sam" else SAM
    world.do(lambda d: episodes.transfer(d, world.policy, world.desk, BOSS, to=other, anyones=True))
    undo(world, BOSS)
    assert (world.state.owner, world.offers()[-1]) == (Owner.WAITING, first)


def test_a_holder_whose_room_went_meanwhile_is_judged_by_the_commit() -> None:
    world = held(MIA)
    passed(world, to=MIA)
    world.desk = replace(world.desk, seats=(seat(SAM, load=3), seat(MIA)))
    decision = world.do(lambda d: episodes.untransfer(d, world.policy, world.desk, SAM))
    assert decision.claim is not None
    assert (decision.claim.agent_id, decision.claim.capacity) == ("sam", 3)


@given(st.lists(st.sampled_from(["pass", "team", "undo", "take", "write", "prospect", "wait"]), max_size=12))
def test_whatever_comes_between_it_is_never_untimed_and_nobody_else_loses_it(acts: list[str]) -> None:
    world = World(desk(SAM, MIA))
    world.open()
    world.take(SAM)
    for act in acts:
        holder = world.episode.agent
        try:
            match act:
                case "pass":
                    passed(world, to=MIA)
                case "team":
                    passed(world, team="sales")
                case "undo":
                    undo(world)
                    assert holder is None, "somebody had it"
                case "take":
                    world.take(MIA)
                case "write":
                    world.write(holder or SAM)
                case "prospect":
                    world.prospect_writes("hm?")
                case _:
                    world.wait(11)
        except CommandRefused:
            assert world.episode.agent == holder
        if world.episode.status == "waiting":
            assert world.clock(ClockKind.RUNG)
        elif world.episode.first_words_at is None:
            assert world.clock(ClockKind.FIRST_WORDS)


async def test_over_the_api_it_comes_back_from_another_team_too(office: Office) -> None:
    await office.add("Sam", teams=("sales",))
    await office.add("Mia", teams=("support",))
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    conversation_id = await office.waiting()
    await sam.post(f"conversations/{conversation_id}/take")
    assert (await sam.post(f"conversations/{conversation_id}/transfer", {"team": "support"}))[0] == 200
    assert (await sam.get(f"conversations/{conversation_id}"))[0] == 404
    status, body = await mia.post(f"conversations/{conversation_id}/undo", {"act": "transfer"})
    assert (status, body["error"]["code"]) == (409, "not_yours")
    status, body = await sam.post(f"conversations/{conversation_id}/undo", {"act": "transfer"})
    assert (status, body["item"]["owner"], body["item"]["episode"]["agent"]["id"]) == (200, "agent", "sam")
    assert (await sam.get(f"conversations/{conversation_id}"))[0] == 200
    await sam.post(f"conversations/{conversation_id}/transfer", {"team": "support"})
    await mia.post(f"conversations/{conversation_id}/take")
    status, body = await sam.post(f"conversations/{conversation_id}/undo", {"act": "transfer"})
    assert (status, body["error"]["message"]) == (409, "Mia has taken it already.")
    assert (await sam.get(f"conversations/{conversation_id}"))[0] == 404
