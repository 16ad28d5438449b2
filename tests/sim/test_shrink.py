"""The shrinker: what it gives back still fails, is no bigger, and is found within the bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.sim.plan import Kill, Person, Plan, Said
from bot.sim.seeding import plan_of
from bot.sim.shrink import FIRST_S, Shrinker, moved

SEEDS = st.integers(0, 10_000)


def size(plan: Plan) -> int:
    """How much a reader has to read."""
    people = sum(1 + len(p.said) + len(p.answers) + len(p.fates) for p in plan.people)
    return people + sum(1 + len(a.shifts) + len(a.habits) for a in plan.agents) + len(plan.troubles)


def names(plan: Plan) -> set[str]:
    return {person.name for person in plan.people}


@given(seed=SEEDS, wanted=st.sets(st.integers(1, 9), min_size=1, max_size=3), most=st.integers(0, 120))
def test_it_still_fails_is_no_bigger_and_keeps_within_its_tries(seed: int, wanted: set[int], most: int) -> None:
    needed = {f"p{number}" for number in wanted}
    plan, asked = plan_of(seed, hours=8, people=9), 0

    def fails(smaller: Plan) -> bool:
        nonlocal asked
        asked += 1
        return needed <= names(smaller)

    shrinker = Shrinker(fails, most=most)
    found = shrinker.shrunk(plan)

    assert needed <= names(found)
    assert size(found) <= size(plan)
    assert asked == shrinker.tries <= most


@given(seed=SEEDS, wanted=st.sets(st.integers(1, 9), min_size=1, max_size=3))
def test_with_tries_enough_only_what_is_needed_is_left(seed: int, wanted: set[int]) -> None:
    needed = {f"p{number}" for number in wanted}

    found = Shrinker(lambda smaller: needed <= names(smaller), most=10_000).shrunk(plan_of(seed, hours=8, people=9))

    assert size(found) == len(needed)


@given(seed=SEEDS)
def test_one_kill_is_kept_where_one_kill_is_needed(seed: int) -> None:
    def fails(smaller: Plan) -> bool:
        return any(isinstance(trouble, Kill) for trouble in smaller.troubles)

    plan = plan_of(seed, hours=8, people=9)
    found = Shrinker(fails, most=10_000).shrunk(plan)

    assert size(found) == (1 if fails(plan) else size(found))
    assert fails(found) == fails(plan)


@given(seed=SEEDS)
def test_moving_together_keeps_what_happens_in_its_order(seed: int) -> None:
    plan = plan_of(seed, hours=50, people=4)
    before = [said.text for person in plan.people for said in person.said]

    together = moved(plan)
    moments = [said.at_s for person in together.people for said in person.said] + [
        t.at_s if hasattr(t, "at_s") else t.from_s for t in together.troubles
    ]

    assert [said.text for person in together.people for said in person.said] == before
    assert abs(min(moments) - min(FIRST_S, min(moments))) < 1e-6
    assert max(moments) < together.hours * 3600


def test_a_plan_of_which_nothing_can_go_is_given_back_as_it_is() -> None:
    plan = Plan(seed=1, hours=1.0, people=(Person(name="p1", said=(Said(at_s=FIRST_S, text="hi"),)),))

    assert Shrinker(lambda smaller: smaller == plan, most=100).shrunk(plan) == plan
