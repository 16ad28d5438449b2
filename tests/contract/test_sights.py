"""What a store must keep from agents of other teams."""

from __future__ import annotations

from dataclasses import replace

from bot.core.events import Decision
from bot.core.model import AgentRef, Arrival, Clock, ClockKind, Owner, Say, Speaker
from bot.store.contract import Filter, Store
from bot.store.rules import risk_at
from bot.store.sight import Sight
from tests.contract.acts import MIA, answer, at, change, claim_out, met, take
from tests.contract.test_desk import handoff, person

SAM = AgentRef(agent_id="sam", name="Sam")
OF_SALES = Sight(agent_id="sam", hidden=frozenset({"support", "billing"}))

KINDS: dict[str, bool] = {
    "bots": True,
    "nobodys": True,
    "sales": True,
    "unknown_team": True,
    "slot_sales": True,
    "sam_holds": True,
    "sam_asked": True,
    "support": False,
    "support_capitals": False,
    "slot_support": False,
    "mia_holds": False,
    "mia_asked": False,
    "sam_held": False,
    "sales_went_to_billing": False,
}
"""Conversations by what they are, and whether Sam, who is of the team sales, may read them."""


async def office(store: Store) -> dict[str, str]:
    """One conversation of each kind, by its kind."""
    ids = {}
    for n, kind in enumerate(KINDS):
        ids[kind] = await met(store, person(kind), now=n // 2)
        asked = Arrival(identity=person(kind), external_id="q", sent_at=at(20), text="What does the blue table cost?")
        await take(store, asked, now=20)
        await answer(store, ids[kind], Say(speaker=Speaker.AGENT, text=f"90 euros, {kind}", agent=MIA, client_key="k"), now=21)
        await store.add_note(ids[kind], agent=MIA, text="blue, she said", now=at(22))
        await _become(store, ids[kind], kind, n)
    for out in await claim_out(store, "w", 22, limit=99):
        await store.mark_sending(out.message_id, worker="w", now=at(22))
        await store.mark_sent(out.message_id, now=at(23), external_id=None)
    return ids


async def _become(store: Store, conversation_id: str, kind: str, n: int) -> None:
    waits = handoff(f"e{n}", due=n // 3)
    held = replace(waits, status="accepted", team="support")
    match kind:
        case "bots":
            return
        case "slot_sales" | "slot_support":
            await change(store, conversation_id, slots={"team": f" {kind.removeprefix('slot_').title()} "})
        case "nobodys":
            await change(store, conversation_id, owner=Owner.WAITING, episode=waits)
        case "sam_holds" | "mia_holds":
            holder = SAM if kind == "sam_holds" else MIA
            await change(store, conversation_id, owner=Owner.AGENT, episode=replace(held, agent=holder))
        case "sam_asked" | "mia_asked":
            who = kind.removesuffix("_asked")
            asked = Clock(kind=ClockKind.ACCEPT, key=waits.episode_id, due_at=at(90), data={"agent_id": who})
            await change(store, conversation_id, owner=Owner.WAITING, episode=replace(waits, team="support"))
            await _set(store, conversation_id, asked)
        case "sam_held":
            over = replace(held, status="closed", agent=SAM, closed_at=at(24))
            await change(store, conversation_id, episode=over, slots={"team": "sales"})
        case "sales_went_to_billing":
            await change(store, conversation_id, owner=Owner.WAITING, episode=replace(waits, team="sales"))
            await change(store, conversation_id, owner=Owner.WAITING, episode=replace(waits, team="billing"))
        case _:
            team = {"support_capitals": " SUPPORT", "unknown_team": "warehouse"}.get(kind, kind)
            await change(store, conversation_id, owner=Owner.WAITING, episode=replace(waits, team=team))


async def _set(store: Store, conversation_id: str, clock: Clock) -> None:
    loaded = await store.load(conversation_id)
    decision = Decision(state=replace(loaded.state, clocks=(*loaded.state.clocks, clock)), set_clocks=(clock,))
    await store.commit(conversation_id, version=loaded.version, decision=decision, now=at(24))


class TestSights:
    """See the module."""

    async def test_lists_show_an_agent_what_is_theirs_their_teams_or_nobodys(self, store: Store) -> None:
        ids = await office(store)
        names = {conversation_id: kind for kind, conversation_id in ids.items()}
        readable = {kind for kind, seen in KINDS.items() if seen}
        handed = {"nobodys", "sales", "unknown_team", "sam_asked"}

        async def seen(wanted: Filter) -> list[str]:
            found: list[str] = []
            place = None
            while page := await store.filtered(wanted, limit=2, before=place, sight=OF_SALES):
                # Every page but the last is full: nothing is taken out of it afterwards.
                assert len(found) % 2 == 0
                found += [names[one.conversation_id] for one in page]
                place = (risk_at(page[-1]) if wanted.risk else page[-1].last_at, page[-1].conversation_id)
            return found

        assert sorted(await seen(Filter())) == sorted(readable)
        assert sorted(await seen(Filter(risk=True))) == sorted(handed | {"sam_holds"})
        assert sorted(await seen(Filter(team="support"))) == ["sam_asked", "sam_holds"]
        queue = await store.overviews(view="queue", sight=OF_SALES)
        assert {names[one.conversation_id] for one in queue} == handed
        found: list[str] = []
        before = None
        while page := await store.overviews(view="all", limit=3, before=before, sight=OF_SALES):
            found += [names[one.conversation_id] for one in page]
            before = (page[-1].last_at, page[-1].conversation_id)
        assert sorted(found) == sorted(readable)
        mine = await store.overviews(view="mine", agent_id="sam", sight=OF_SALES)
        assert [names[one.conversation_id] for one in mine] == ["sam_holds"]
        everything = await store.overviews(view="all", limit=99)
        for one in everything:
            sees = OF_SALES.sees(episode=one.episode, slots=one.slots, clocks=one.clocks)
            assert sees is KINDS[names[one.conversation_id]], names[one.conversation_id]
        assert len(everything) == len(KINDS)

    async def test_search_and_similar_answers_give_nothing_of_another_team(self, store: Store) -> None:
        ids = await office(store)
        names = {conversation_id: kind for kind, conversation_id in ids.items()}
        for query in ("blue", "she", "euros"):
            found = {names[one.overview.conversation_id] for one in await store.search(query, limit=99, sight=OF_SALES)}
            assert found == {kind for kind, seen in KINDS.items() if seen}, query
        assert len(await store.search("blue", limit=99)) == len(KINDS)
        alike = await store.similar_answers("What does the blue table cost", besides=ids["bots"], limit=99, sight=OF_SALES)
        said = {one.text.removeprefix("90 euros, ") for one in alike}
        assert said == {kind for kind, seen in KINDS.items() if seen} - {"bots"}
        everything = await store.similar_answers("What does the blue table cost", besides=ids["bots"], limit=99)
        assert len(everything) == len(KINDS) - 1
