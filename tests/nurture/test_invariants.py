"""Whatever happens, in whatever order: `Talk` checks after each decision what may never happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.nurture.nurture_talk import Talk, reference_nurture

NURTURE = reference_nurture()

INTENTS = [
    None, "greet", "affirm", "deny", "thanks", "tell_business", "tell_goal", "tell_obstacle", "ask_price", "book_call",
    "objection_later", "objection_price", "nlu_fallback",
]  # fmt: skip
TEXTS = ["hi", "i sell candles", "how much?", "No time", "Yes please", "Not now", "{{ 7 * 7 }}", "", "no", "🙂"]
BRAIN = [(), ("Sure.",), ("And you, what do you sell?",), ("One.", "Two?")]

WRITES = st.builds(
    lambda text, intent, brain, entity, handoff: (
        "write",
        {"text": text, "intent": intent, "brain": brain, "entities": {"product": entity} if entity else {}, "handoff": handoff},
    ),
    st.sampled_from(TEXTS),
    st.sampled_from(INTENTS),
    st.sampled_from(BRAIN),
    st.sampled_from([None, "candles"]),
    st.sampled_from([False, False, False, True]),
)
WAITS = st.builds(lambda minutes: ("later", minutes), st.sampled_from([1, 5, 11, 31, 125, 400, 800, 1500, 4000]))
OTHERS = st.sampled_from([
    ("person", None), ("back", "returned"), ("back", "won"), ("back", "lost"), ("back", "complaint"),
    ("start", "welcome"), ("start", "follow_up"), ("start", "nowhere"), ("close", None), ("stop", None),
])  # fmt: skip
EVENTS = st.lists(st.one_of(WRITES, WRITES, WRITES, WAITS, WAITS, OTHERS), max_size=30)


@settings(max_examples=1000)
@given(
    events=EVENTS,
    seed=st.integers(0, 2**16),
    start=st.integers(0, 60 * 24 * 365),
    window=st.sampled_from([None, timedelta(hours=24)]),
    zone=st.sampled_from([None, *sorted(available_timezones())]),
)
def test_no_order_of_events_breaks_a_promise(
    events: list[tuple[str, object]], seed: int, start: int, window: timedelta | None, zone: str | None
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start)
    talk = Talk(NURTURE, now=now, seed=seed, window=window, zone=zone)

    for name, argument in events:
        play(talk, name, argument)
    talk.later(timedelta(days=60))

    waiting = [e for e in talk.state.live_enrolments if e.waiting_for != "person"]
    assert waiting == [], "with nobody writing, every flow comes to its end"


def play(talk: Talk, name: str, argument: object) -> None:
    match name, argument:
        case "write", dict():
            talk.write(**argument)
        case "later", int():
            talk.later(timedelta(minutes=argument))
        case "back", str():
            talk.person_gives_back(argument)
        case "start", str():
            talk.start(argument)
        case "person", _:
            talk.person_takes_over()
        case "close", _:
            talk.close()
        case "stop", _:
            talk.opt_out()


@settings(max_examples=100)
@given(events=EVENTS, seed=st.integers(0, 2**16))
def test_the_same_events_and_seed_give_the_same_talk(events: list[tuple[str, object]], seed: int) -> None:
    first, second = Talk(NURTURE, seed=seed), Talk(NURTURE, seed=seed)

    for name, argument in events:
        play(first, name, argument)
        play(second, name, argument)

    assert first.state == second.state
    assert first.texts == second.texts
