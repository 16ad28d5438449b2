"""Getting to know somebody: keep what they tell, show it was heard, give something useful, ask at most one thing."""

from typing import Any, Final

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import catalog, directives, memory, talk

# In the order a friend would ask.
QUESTIONS: Final = (
    (("business_kind", "product"), "utter_ask_business"),
    (("goal",), "utter_ask_goal"),
    (("obstacle",), "utter_ask_obstacle"),
)


def next_question(tracker: Tracker, told: memory.Told) -> str | None:
    """The next discovery question, or None when all is known, it was asked before, or a flow or an agent leads."""
    if talk.someone_else_asks(tracker):
        return None
    for slots, question in QUESTIONS:
        if not any(memory.known(tracker, slot, told) for slot in slots):
            return None if talk.times_said(tracker, question) else question
    return None


def ask_next(dispatcher: CollectingDispatcher, tracker: Tracker, told: memory.Told) -> None:
    """Put the next discovery question, if there is one to put."""
    question = next_question(tracker, told)
    if question:
        dispatcher.utter_message(response=question)


class RememberBusiness(Action):
    """Keeps what somebody sells or does."""

    def name(self) -> str:
        return "action_remember_business"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        told = memory.told_business(tracker)
        business = memory.business(tracker, told)
        if business:
            dispatcher.utter_message(response="utter_business_noted_named", business=business)
        else:
            dispatcher.utter_message(response="utter_business_noted")
        ask_next(dispatcher, tracker, told)
        return memory.slot_events(told)


class RememberGoal(Action):
    """Keeps what somebody wants more of."""

    def name(self) -> str:
        return "action_remember_goal"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        told = memory.told_in_words(tracker, "goal")
        business = memory.business(tracker, told)
        if business:
            dispatcher.utter_message(response="utter_goal_noted_for_business", business=business)
        else:
            dispatcher.utter_message(response="utter_goal_noted")
        ask_next(dispatcher, tracker, told)
        return memory.slot_events(told)


class RememberObstacle(Action):
    """Keeps what stands in somebody's way and gives a tip against it."""

    def name(self) -> str:
        return "action_remember_obstacle"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        told = memory.told_in_words(tracker, "obstacle")
        dispatcher.utter_message(response="utter_obstacle_noted")
        dispatcher.utter_message(response=catalog.tip_for(told.get("obstacle"), memory.known(tracker, "goal", told)))
        return memory.slot_events(told)


class RememberName(Action):
    """Keeps somebody's first name."""

    def name(self) -> str:
        return "action_remember_name"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        told = memory.told_name(tracker)
        if "first_name" in told:
            dispatcher.utter_message(response="utter_name_noted", first_name=told["first_name"])
        else:
            dispatcher.utter_message(response="utter_name_noted_unnamed")
        return memory.slot_events(told)


class RememberContact(Action):
    """Keeps an e-mail address or a telephone number, and has a person get back to whoever left it unasked."""

    def name(self) -> str:
        return "action_remember_contact"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        told = memory.told_contact(tracker)
        if not {"email", "phone"} & told.keys():
            dispatcher.utter_message(response="utter_contact_welcome")
            return memory.slot_events(told)
        dispatcher.utter_message(response="utter_contact_noted")
        # Where a flow or the ladder asked for it, these see to what happens next.
        if not talk.someone_else_asks(tracker):
            dispatcher.utter_message(json_message=directives.handoff("hot_lead"))
        return memory.slot_events(told)
