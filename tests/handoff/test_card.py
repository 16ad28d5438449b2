"""The card: everything on it comes from a record."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.events import JournalEntry
from bot.core.model import Enrolment, Episode, Identity, Profile, Reading, Reason, State
from handoff.card import card
from tests.handoff.worlds import MIA, POLICY, SAM, START, World, desk

STATE = State(
    conversation_id="c1",
    identity=Identity(channel="facebook", external_id="p1"),
    created_at=START,
    profile=Profile(first_name="Ana", locale="en-GB", zone="Europe/Berlin"),
    slots={
        "business_kind": "bakery",
        "goal": "more repeat orders",
        "obstacle": "no time",
        "shoe_size": 38,
        "phone": None,
    },
    tags=("vip",),
)


def test_a_stranger_has_an_honest_and_nearly_empty_card() -> None:
    state = State(conversation_id="c1", identity=Identity(channel="widget", external_id="x"), created_at=START)
    got = card(state, [], [], POLICY.card)
    assert got.headline == "Someone is talking with the bot on the website."
    assert (got.facts, got.wants, got.objections, got.promised, got.flow, got.reading) == ((), (), (), (), None, None)
    assert got.history == ((START, "First contact"),)
    assert got.next_question == "What kind of business do you run?"


def test_slots_become_facts_wants_and_objections() -> None:
    got = card(STATE, [], [], POLICY.card)
    assert got.facts == (
        ("Business", "bakery"),
        ("Shoe size", "38"),
        ("Language", "en-GB"),
        ("Time zone", "Europe/Berlin"),
    )
    assert got.wants == ("more repeat orders",)
    assert got.objections == ("no time",)
    assert got.next_question == "What do you sell mostly?"


def test_the_headline_says_why_a_person_is_needed() -> None:
    world = World(desk(SAM))
    world.state = replace(world.state, profile=Profile(first_name="Ana"))
    world.open(Reason.COMPLAINT)
    assert card(world.state, [], []).headline == "Ana has a complaint on the website."


def test_what_was_promised_and_what_happened_is_told() -> None:
    world = World(desk(SAM))
    world.open()
    world.wait(60)
    world.take(SAM)
    world.write(SAM)
    world.give_back(SAM, "later")
    first = world.episode
    world.wait(3600)
    world.open()
    world.prospect_writes("call", payload="/warmline.callback")
    world.prospect_writes("+49 170 1234567")
    got = card(world.state, [first, world.episode], world.journal)
    assert got.promised == ("A call back on +491701234567",)
    assert got.before == ("They want a quote.",)
    assert got.headline.endswith("and wants to be called back.")
    texts = [text for _, text in got.history]
    assert "Our promise was missed: first words" in texts
    assert "Talk by Sam: wants to hear from us later" in texts
    assert [at for at, _ in got.history] == sorted(at for at, _ in got.history)


def test_the_flow_step_and_the_last_reading_are_shown() -> None:
    enrolment = Enrolment(
        enrolment_id="n1",
        flow_id="welcome",
        flow_version=1,
        step_id="ask_goal",
        entered_at=START,
        step_entered_at=START,
    )
    reading = Reading(text="how much", intent="ask_price", confidence=0.91)
    got = card(replace(STATE, enrolments=(enrolment,), last_reading=reading), [], [])
    assert (got.flow, got.reading) == (("Welcome", "ask goal"), ("ask_price", 0.91))


def test_a_long_history_keeps_the_latest() -> None:
    episodes = [
        Episode(
            episode_id=str(n),
            reason=Reason.ASKED,
            requested_at=START,
            first_words_due_at=START,
            status="closed",
            closed_at=START + timedelta(days=n),
            outcome="won",
            agent=SAM,
        )
        for n in range(1, 30)
    ]
    entry = JournalEntry(kind="turn.heard", at=START, data={"messages": 1})
    history = card(STATE, episodes, [entry]).history
    assert len(history) == 12
    assert history[-1] == (START + timedelta(days=29), "Talk by Sam: won")


def test_the_card_says_who_was_asked_and_why_they_until_the_episode_is_over() -> None:
    world = World(desk(SAM), slots={"language": "de"})
    world.open()

    def drawn() -> tuple[str, tuple[str, ...]] | None:
        return card(world.state, [world.episode], world.journal, POLICY.card).asked

    assert drawn() == ("sam", ("was the only one free",))
    world.take(SAM)
    assert drawn() == ("sam", ("was the only one free",))
    world.write(SAM)
    world.give_back(SAM)
    assert drawn() is None


def test_the_card_gives_no_reasons_of_another_for_whoever_took_it() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(MIA)
    assert card(world.state, [world.episode], world.journal, POLICY.card).asked is None
