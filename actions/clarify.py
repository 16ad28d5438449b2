"""When a message was not understood: ask once like a person would, then bring a person."""

from typing import Any, Final

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import directives, memory, talk

MAX_MISSES: Final = 2
MAX_GUESSES: Final = 2

# Guesses worth offering, in the prospect's words. What is missing here is never offered.
TITLES: Final = {
    "ask_price": "What it costs",
    "ask_how_it_works": "How it works",
    "ask_time": "How long it takes",
    "ask_integrations": "What it works with",
    "ask_who_are_you": "Who you are",
    "ask_is_bot": "Are you a bot",
    "ask_opening_hours": "When you're open",
    "ask_location": "Where you are",
    "ask_examples": "See examples",
    "ask_privacy": "Is my data safe",
    "ask_tip": "A tip for my shop",
    "ask_account": "My account",
    "book_call": "Book a call",
    "complaint": "Something went wrong",
    "stop": "No more messages",
}
# Strange to be offered out of the blue, so only where the classifier leans that way.
DELICATE: Final = frozenset({"ask_account", "complaint", "stop"})
MIN_DELICATE_CONFIDENCE: Final = 0.2
FALLBACK_GUESSES: Final = ("ask_how_it_works", "ask_price")
PERSON: Final = {"title": "Talk to a person", "payload": "/want_human"}


def guesses(ranking: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Two or three quick replies: the classifier's best guesses that can be offered, and a person.

    ranking is Rasa's intent ranking, best first: [{"name": ..., "confidence": ...}].
    """
    ranked = [
        entry.get("name")
        for entry in ranking
        if entry.get("name") not in DELICATE or entry.get("confidence", 0) >= MIN_DELICATE_CONFIDENCE
    ]
    names = [name for name in dict.fromkeys([*ranked, *FALLBACK_GUESSES]) if name in TITLES][:MAX_GUESSES]
    return [*({"title": TITLES[name], "payload": f"/{name}"} for name in names), PERSON]


class Clarify(Action):
    """Asks what was meant at the first miss in a row; hands over at the second."""

    def name(self) -> str:
        return talk.CLARIFY

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        if talk.misses_in_a_row(tracker) >= MAX_MISSES:
            dispatcher.utter_message(json_message=directives.handoff("not_understood"))
        else:
            ranking = tracker.latest_message.get("intent_ranking") or []
            dispatcher.utter_message(response="utter_clarify", buttons=guesses(ranking))
        return memory.slot_events(memory.told_by_entities(tracker))
