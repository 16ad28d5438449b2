"""Reading the talk so far from a tracker's events."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rasa_sdk import Tracker

NOT_UNDERSTOOD: Final = "nlu_fallback"
CLARIFY: Final = "action_clarify"
# Nothing worth keeping stands after the first 500 characters of a chat message.
MAX_TEXT_CHARS: Final = 500

Event = dict[str, Any]


def _turns_backwards(events: list[Event]) -> Iterator[tuple[Event, list[Event]]]:
    """Each user message with the events that followed it, newest first, as far back as the current session."""
    after: list[Event] = []
    for event in reversed(events):
        if event.get("event") == "session_started":
            return
        if event.get("event") == "user":
            yield event, after
            after = []
        else:
            after.insert(0, event)


def _intent(event: Event) -> str | None:
    return ((event.get("parse_data") or {}).get("intent") or {}).get("name")


def misses_in_a_row(tracker: Tracker) -> int:
    """How many of the latest user messages in a row were not understood, counting the one being answered.

    A message that a flow took as the answer to its question is no miss, whatever the classifier made of it: it shows by
    the flow's next bubble.
    """
    misses = 0
    for age, (user, after) in enumerate(_turns_backwards(tracker.events)):
        clarified = any(e.get("event") == "action" and e.get("name") == CLARIFY for e in after)
        taken_by_flow = any(e.get("event") == "bot" and e.get("text") and response_name(e) is None for e in after)
        if _intent(user) != NOT_UNDERSTOOD or (age > 0 and (taken_by_flow or not clarified)):
            break
        misses += 1
    return misses


def last_bot_message(tracker: Tracker) -> Event | None:
    """The newest bubble with words that stood before the message being answered."""
    seen_user = False
    for event in reversed(tracker.events):
        kind = event.get("event")
        if kind == "user":
            if seen_user:
                return None
            seen_user = True
        elif kind == "session_started":
            return None
        elif kind == "bot" and seen_user and event.get("text"):
            return event
    return None


def response_name(bot_message: Event | None) -> str | None:
    """Which of the domain's responses a bubble was made from; None for words that are not the brain's own."""
    return ((bot_message or {}).get("metadata") or {}).get("utter_action")


def someone_else_asks(tracker: Tracker) -> bool:
    """Whether a flow or an agent leads the talk, so that the brain must not put a question of its own.

    It shows by the bubble that the message answers: it was not made from one of the brain's responses.
    """
    last = last_bot_message(tracker)
    return last is not None and response_name(last) is None


def times_said(tracker: Tracker, response: str) -> int:
    """How often the brain has used this response in the talk."""
    return sum(e.get("event") == "bot" and response_name(e) == response for e in tracker.events)


def least_said(tracker: Tracker, responses: Sequence[str]) -> str:
    """The response used least often so far; of several, the first."""
    return min(responses, key=lambda response: times_said(tracker, response))


def user_text(tracker: Tracker) -> str:
    """The words of the message being answered, a burst as one line; empty for a tapped quick reply ("/intent{...}")."""
    text = " ".join((tracker.latest_message.get("text") or "").split())
    return "" if text.startswith("/") else text[:MAX_TEXT_CHARS]


def entity(tracker: Tracker, name: str) -> str | None:
    """The value of the message's first entity of that name, if any."""
    for found in tracker.latest_message.get("entities") or []:
        if found.get("entity") == name and found.get("value"):
            return str(found["value"])
    return None
