"""Passing a conversation on, and putting it aside."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.model import ClockKind, CommandRefused, Owner
from handoff import episodes, snooze
from handoff.desk import Desk
from tests.handoff.conftest import Office
from tests.handoff.worlds import MIA, SAM, World, desk, seat

TARGETS = World().policy.targets


def held(*others: object) -> World:
    """Sam has spoken; whoever else is at the desk."""
    world = World(desk(SAM, *others))  # type: ignore[arg-type]
    world.open()
    world.take(SAM)
    world.write(SAM)
    return world


def passed(world: World, **where: object) -> None:
    world.do(lambda d: episodes.transfer(d, world.policy, world.desk, SAM, **where))  # type: ignore[arg-type]


def put_aside(world: World, seconds: float | None) -> None:
    until = None if seconds is None else world.now + timedelta(seconds=seconds)
    world.do(lambda d: snooze.snooze(d, SAM, until))


def test_a_colleague_is_asked_first_and_the_prospect_is_told() -> None:
    world = held(MIA)
    passed(world, to=MIA)
    assert world.state.owner is Owner.WAITING
    assert world.offers()[-1] == "mia"
    assert world.said()[-1] == "passed_on"
    assert world.clock(ClockKind.RUNG)
    assert [(n.to, n.data["text"], n.data["agent_id"]) for n in world.notices][-1] == (
        ("mia",), "{holder} passes {prospect} on to you.", "sam",
    )  # fmt: skip
    world.take(MIA)
    assert world.episode.agent == MIA


def test_a_colleague_who_does_not_accept_is_not_the_end_of_it() -> None:
    world = held(MIA)
    passed(world, to=MIA)
    world.wait(TARGETS.accept_s)
    assert world.offers()[-1] == "sam"
    world.wait(TARGETS.first_words_s)
    assert world.said()[-1] == "nobody_came"


def test_a_team_gets_it_and_the_giver_is_not_asked_again_at_once() -> None:
    world = held()
    sales = Desk(
        (seat(SAM), *(s.__class__(agent_id="mia", name="Mia", capacity=3, teams=frozenset({"sales"})) for s in [seat(MIA)]))
    )
    world.desk = sales
    passed(world, team="sales")
    assert (world.episode.team, world.offers()[-1]) == ("sales", "mia")


def test_what_the_prospect_had_asked_is_still_owed_words() -> None:
    world = held(MIA)
    world.prospect_writes("and in blue?")
    passed(world, to=MIA)
    assert world.state.owner is Owner.WAITING
    assert world.clock(ClockKind.FIRST_WORDS)


@pytest.mark.parametrize(("to", "code"), [(SAM, "same"), (MIA, "not_there")])
def test_nobody_is_passed_to_who_could_not_take_it(to: object, code: str) -> None:
    world = held()
    with pytest.raises(CommandRefused) as refused:
        passed(world, to=to)
    assert refused.value.code == code
    full = held()
    full.desk = Desk((seat(SAM), seat(MIA, load=3)))
    with pytest.raises(CommandRefused) as refused:
        passed(full, to=MIA)
    assert refused.value.code == "full"


def test_only_the_holder_passes_on_unless_they_may_move_anyones() -> None:
    world = held(MIA)
    with pytest.raises(CommandRefused, match="Sam has it"):
        world.do(lambda d: episodes.transfer(d, world.policy, world.desk, MIA, team="sales"))
    world.do(lambda d: episodes.transfer(d, world.policy, world.desk, MIA, to=MIA, anyones=True))
    assert world.offers()[-1] == "mia"


def test_a_supervisor_who_is_away_for_offers_takes_over_all_the_same() -> None:
    world = held()
    world.desk = Desk((seat(SAM), replace(seat(MIA), presence="away")))
    with pytest.raises(CommandRefused) as refused:
        passed(world, to=MIA)
    assert refused.value.code == "not_there"
    world.do(lambda d: episodes.transfer(d, world.policy, world.desk, MIA, to=MIA, anyones=True))
    assert world.offers()[-1] == "mia"


def test_somebody_who_waits_for_words_cannot_be_snoozed_past_the_promise() -> None:
    world = held()
    put_aside(world, 3600)
    world.prospect_writes()
    with pytest.raises(CommandRefused) as refused:
        put_aside(world, TARGETS.next_words_s + 1)
    assert refused.value.code == "promised"
    put_aside(world, TARGETS.next_words_s)
    first = World(desk(SAM))
    first.open()
    first.take(SAM)
    with pytest.raises(CommandRefused, match="waiting for your answer"):
        put_aside(first, TARGETS.first_words_s + 1)


@pytest.mark.parametrize(("seconds", "code"), [(0, "too_soon"), (-5, "too_soon"), (367 * 86400, "too_late")])
def test_a_snooze_is_for_a_moment_that_can_be_waited_for(seconds: float, code: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        put_aside(held(), seconds)
    assert refused.value.code == code


def test_a_snooze_ends_with_the_hold_and_by_hand() -> None:
    world = held(MIA)
    put_aside(world, 3600)
    put_aside(world, None)
    assert world.state.clock(ClockKind.SNOOZE) is None
    put_aside(world, 3600)
    passed(world, to=MIA)
    world.do(lambda d: snooze.settle(d, wrote=False))
    assert world.state.clock(ClockKind.SNOOZE) is None
    assert [e.data["why"] for e in world.noted("snooze.ended")] == ["agent", "moved_on"]


async def test_passing_on_over_the_api_with_a_note(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    conversation_id = await office.waiting()
    path = f"conversations/{conversation_id}"
    await sam.post(f"{path}/take")
    assert (await sam.get("transfer-places"))[1] == {"agents": [], "teams": []}
    assert (await sam.post(f"{path}/transfer", {"to": "mia"}))[1]["error"]["code"] == "not_there"
    async with await mia.socket() as socket:
        await socket.receive_json()
        assert [a["name"] for a in (await sam.get("transfer-places"))[1]["agents"]] == ["Mia"]
        status, body = await sam.post(f"{path}/transfer", {"to": "mia", "note": "Knows blue tables."})
        assert (status, body["item"]["owner"]) == (200, "waiting")
        (item,) = (await mia.get("conversations?view=queue"))[1]["items"]
        assert item["episode"]["offered_to_me"]
        assert [n["text"] for n in (await mia.get(path))[1]["notes"]] == ["Knows blue tables."]
        assert (await mia.post(f"{path}/take"))[1]["item"]["episode"]["agent"]["name"] == "Mia"


@pytest.mark.parametrize("body", [{}, {"to": "mia", "team": "sales"}, {"team": "nobody's"}])
async def test_it_is_passed_to_one_place_that_exists(office: Office, body: object) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    await sam.post(f"conversations/{conversation_id}/take")
    assert (await sam.post(f"conversations/{conversation_id}/transfer", body))[0] == 400
    assert (await sam.post(f"conversations/{conversation_id}/transfer", {"to": "nobody"}))[0] == 404


async def test_snoozing_over_the_api(office: Office) -> None:
    sam, conversation_id = await office.sign_in("Sam"), await office.waiting()
    path = f"conversations/{conversation_id}"
    await sam.post(f"{path}/take")
    await sam.post(f"{path}/say", {"text": "Back at three.", "key": "key-0001"})
    status, body = await sam.post(f"{path}/snooze", {"until": "2026-11-23T15:00:00+01:00"})
    assert (status, body["item"]["snoozed_until"]) == (200, "2026-11-23T14:00:00.000Z")
    assert (await sam.post(f"{path}/snooze", {"until": "2026-11-23T15:00:00"}))[0] == 400
    assert (await sam.post(f"{path}/snooze", {"until": None}))[1]["item"]["snoozed_until"] is None


async def test_a_supervisor_takes_over_and_an_agent_cannot(office: Office) -> None:
    sam, mia, vera = await office.sign_in("Sam"), await office.sign_in("Mia"), await office.sign_in("Vera", "supervisor")
    path = f"conversations/{await office.waiting()}"
    await sam.post(f"{path}/take")
    async with await mia.socket() as his, await vera.socket() as hers:
        await his.receive_json()
        await hers.receive_json()
        assert (await mia.post(f"{path}/transfer", {"to": "mia"}))[1]["error"]["code"] == "not_yours"
        assert (await vera.post(f"{path}/transfer", {"to": "vera"}))[0] == 200
        assert (await vera.post(f"{path}/take"))[1]["item"]["episode"]["agent"]["name"] == "Vera"
    assert (await vera.get("agents"))[0] == 403
