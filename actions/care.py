"""The moments that belong to a person, and the one that belongs to silence.

The service says "getting someone" and confirms an opt-out, so an action here says at most one short line of its own.
"""

from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import directives, memory


class Directed(Action, ABC):
    """An action that may say one line and then asks the service for an effect."""

    response: str | None = None

    @abstractmethod
    def directive(self) -> dict[str, Any]:
        """The effect to ask for."""

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        if self.response:
            dispatcher.utter_message(response=self.response)
        dispatcher.utter_message(json_message=self.directive())
        return memory.slot_events(memory.told_by_entities(tracker))


class WantHuman(Directed):
    """Somebody asked for a person."""

    def name(self) -> str:
        return "action_want_human"

    def directive(self) -> dict[str, Any]:
        return directives.handoff("asked")


class Complaint(Directed):
    """Somebody is unhappy with us."""

    response = "utter_complaint"

    def name(self) -> str:
        return "action_complaint"

    def directive(self) -> dict[str, Any]:
        return directives.handoff("complaint")


class BookCall(Directed):
    """Somebody wants to start, or a call."""

    response = "utter_book_call"

    def name(self) -> str:
        return "action_book_call"

    def directive(self) -> dict[str, Any]:
        return directives.handoff("hot_lead")


class Unanswerable(Directed):
    """Somebody asked what only a person can answer: their account, a partnership, a contract."""

    response = "utter_cant_answer"

    def name(self) -> str:
        return "action_unanswerable"

    def directive(self) -> dict[str, Any]:
        return directives.handoff("unanswerable")


class DeleteData(Directed):
    """Somebody wants their data deleted or shown; a person has to do it."""

    response = "utter_delete_data"

    def name(self) -> str:
        return "action_delete_data"

    def directive(self) -> dict[str, Any]:
        return directives.handoff("unanswerable")


class OptOut(Directed):
    """Somebody wants no more messages."""

    def name(self) -> str:
        return "action_opt_out"

    def directive(self) -> dict[str, Any]:
        return directives.opt_out()
