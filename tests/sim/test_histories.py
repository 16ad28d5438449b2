"""Failures that the simulator found, each as the history that showed it."""

from __future__ import annotations

from bot.sim.history import History
from bot.sim.plan import Answer, Fate, Jump, Person, Plan, Said
from bot.sim.world import run


def at_s(history: History, words: str) -> float:
    """When a line with these words was written first."""
    return next(line.at_s for line in history.lines if words in line.what)


def test_what_stood_behind_a_send_that_its_echo_settled_waited_for_the_next_look() -> None:
    """An echo settled the message, and nobody looked at the outbox: the next bubble came up to five seconds late."""
    fates = (Fate(nth=1, outcome="unknown", error="timeout", echo_s=6.0, answer_s=0.1),)
    person = Person(name="p1", said=(Said(at_s=5.0, text="i have a bakery"),), fates=fates)

    history = run(Plan(seed=1, hours=1.0, people=(person,)))

    assert history.breaks == []
    assert 6.0 < at_s(history, "gets #3") - at_s(history, "gets #2") < 6.5


def test_bubbles_behind_two_that_were_tried_again_all_came_in_order() -> None:
    """Each of three bubbles had its own trouble; none was lost, doubled or overtaken."""
    fates = (
        Fate(nth=1, outcome="retry", error="temporary", delivered=False, echo_s=None, retry_s=30.0),
        Fate(nth=2, outcome="unknown", error="timeout", delivered=False, echo_s=None, answer_s=10.0),
        Fate(nth=4, outcome="unknown", error="timeout", echo_s=12.0, answer_s=10.0),
    )
    answers = (Answer(after_s=1.4, text="nobody answers me"),)
    person = Person(name="p1", said=(Said(at_s=5.0, text="i have a bakery"),), answers=answers, fates=fates)

    history = run(Plan(seed=1, hours=1.0, people=(person,)))

    assert history.breaks == []
    assert history.figures.excused == 0
    got = [line.what for line in history.lines if line.what.startswith("gets")]
    assert len(got) == len(set(got)) >= 4


def test_a_clock_that_was_set_back_left_the_budget_spent_for_as_long() -> None:
    """A send had used up budget at a time that came only an hour later; until then nothing left on the channel."""
    person = Person(name="p1", said=(Said(at_s=5.0, text="i have a bakery"), Said(at_s=200.0, text="how much is it")))

    history = run(Plan(seed=1, hours=0.5, people=(person,), troubles=(Jump(at_s=100.0, by_s=-3600.0),)))

    assert history.breaks == []
    assert at_s(history, "ask_price: how much is it") < 205.0
    assert at_s(history, "gets #5") < 210.0
