from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from nurture.flow import Arm
from nurture.split import arm_of

ARMS = st.lists(st.integers(1, 1000), min_size=1, max_size=6).map(
    lambda shares: tuple(Arm(name=f"a{n}", share=share, then="x") for n, share in enumerate(shares))
)


def even(count: int) -> tuple[Arm, ...]:
    return tuple(Arm(name=f"a{n}", share=1, then="x") for n in range(count))


@given(arms=ARMS, person=st.text())
def test_everybody_is_in_one_arm_and_stays_there(arms: tuple[Arm, ...], person: str) -> None:
    first = arm_of(arms, flow_id="f", experiment="e", person=person)

    assert first in arms
    assert arm_of(arms, flow_id="f", experiment="e", person=person) == first


def test_three_equal_arms_of_a_thousand_people_are_not_400_400_200() -> None:
    people = Counter(arm_of(even(3), flow_id="f", experiment="e", person=f"c{n}").name for n in range(1000))

    assert all(abs(count - 333) < 60 for count in people.values())


def test_shares_weigh_the_arms() -> None:
    arms = (Arm(name="most", share=9, then="x"), Arm(name="few", share=1, then="x"))

    people = Counter(arm_of(arms, flow_id="f", experiment="e", person=f"c{n}").name for n in range(2000))

    assert abs(people["few"] - 200) < 60


def test_two_experiments_split_the_same_people_independently() -> None:
    both = Counter(
        (
            arm_of(even(2), flow_id="f", experiment="one", person=f"c{n}").name,
            arm_of(even(2), flow_id="f", experiment="two", person=f"c{n}").name,
        )
        for n in range(2000)
    )

    assert all(abs(count - 500) < 100 for count in both.values())


def test_the_arm_of_a_person_is_the_same_in_every_version_of_warmline() -> None:
    drawn = [arm_of(even(3), flow_id="welcome", experiment="opener", person=f"c{n}").name for n in range(6)]

    assert drawn == [
        "a2",
        "a1",
        "a0",
        "a2",
        "a2",
        "a0",
    ]
