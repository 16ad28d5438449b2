"""Who is asked next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Episode, Reason
from handoff.desk import Desk, Seat
from handoff.routing import choose as chosen_by
from tests.handoff.worlds import START

EPISODE = Episode(episode_id="e", reason=Reason.ASKED, requested_at=START, first_words_due_at=START)
NAMES = ["ana", "bo", "cy", "di"]
SEATS = st.builds(
    Seat,
    agent_id=st.sampled_from(NAMES),
    name=st.just("x"),
    presence=st.sampled_from(["online", "away", "offline"]),
    load=st.integers(0, 5),
    capacity=st.integers(1, 4),
)


def choose(desk: Desk, episode: Episode, exclude: Collection[str] = ()) -> str | None:
    chosen = chosen_by(desk, episode, START, exclude)
    return None if chosen is None else chosen.agent_id


def seat(agent_id: str, load: int = 0) -> Seat:
    return Seat(agent_id, agent_id.title(), "online", load, 4)


def test_the_least_loaded_is_asked_first() -> None:
    assert choose(Desk((seat("ana", 2), seat("bo", 1), seat("cy", 3))), EPISODE) == "bo"


def test_someone_not_asked_yet_comes_before_someone_less_busy() -> None:
    asked = replace(EPISODE, offered_to=("bo",))
    assert choose(Desk((seat("ana", 2), seat("bo", 1))), asked) == "ana"


def test_when_everybody_was_asked_it_goes_round_again_from_the_one_asked_longest_ago() -> None:
    asked = replace(EPISODE, offered_to=("bo", "ana"))
    assert choose(Desk((seat("ana"), seat("bo"))), asked) == "bo"


def test_nobody_free_is_nobody_asked() -> None:
    full, away = replace(seat("ana"), load=4), replace(seat("bo"), presence="away")
    assert choose(Desk((full, away)), EPISODE) is None
    assert choose(Desk((seat("ana"),)), EPISODE, exclude=("ana",)) is None


@given(
    seats=st.lists(SEATS, max_size=4, unique_by=lambda s: s.agent_id),
    asked=st.permutations(NAMES),
    out=st.sets(st.sampled_from(NAMES)),
)
def test_whoever_is_asked_is_free_and_somebody_is_asked_if_anybody_is(seats: list[Seat], asked: list[str], out: set[str]) -> None:
    free = {s.agent_id for s in seats if s.presence == "online" and (s.load == 0 or s.load + 1 <= s.capacity)} - out
    chosen = choose(Desk(tuple(seats)), replace(EPISODE, offered_to=tuple(asked)), out)
    assert (chosen in free) if free else (chosen is None)
