"""Answers to questions, worded for the prospect's business and platform where these are known."""

from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import catalog, memory, talk


class Answer(Action, ABC):
    """An action that says something and keeps what the message told along the way."""

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        told = memory.told_by_entities(tracker)
        self.say(dispatcher, tracker, told)
        return memory.slot_events(told)

    @abstractmethod
    def say(self, dispatcher: CollectingDispatcher, tracker: Tracker, told: memory.Told) -> None:
        """Put the answer's bubbles into the dispatcher."""


def say_for_business(dispatcher: CollectingDispatcher, tracker: Tracker, told: memory.Told, response: str) -> None:
    """Say the response, in its `..._for_business` wording when the business is known."""
    business = memory.business(tracker, told)
    if business:
        dispatcher.utter_message(response=f"{response}_for_business", business=business)
    else:
        dispatcher.utter_message(response=response)


def say_story(dispatcher: CollectingDispatcher, tracker: Tracker, told: memory.Told) -> None:
    """Tell of the customer most like the prospect who wasn't told of yet."""
    stories = catalog.stories_for(memory.business(tracker, told))
    dispatcher.utter_message(response=talk.least_said(tracker, stories))


class Greet(Answer):
    """Says hello. No question: what to ask first is for the welcome flow to decide."""

    def name(self) -> str:
        return "action_greet"

    def say(self, dispatcher: CollectingDispatcher, tracker: Tracker, told: memory.Told) -> None:
        first_name = memory.first_name(tracker, told)
        if first_name:
            dispatcher.utter_message(response="utter_greet_named", first_name=first_name)
        else:
            dispatcher.utter_message(response="utter_greet")


class Price(Answer):
    """Says what it costs, then what is included."""

    def name(self) -> str:
        return "action_price"

    def say(self, dispatcher: CollectingDispatcher, tracker: Tracker, told: memory.Told) -> None:
        say_for_business(dispatcher, tracker, told, "utter_price")
        dispatcher.utter_message(response="utter_price_included")


class HowItWorks(Answer):
    """Says what Sundial does for a shop."""

    def name(self) -> str:
        return "action_how_it_works"

    def say(self, dispatcher: CollectingDispatcher, tracker: Tracker, told: memory.Told) -> None:
        say_for_business(dispatcher, tracker, told, "utter_how_it_works")


class Examples(Answer):
    """Tells what came of it for the customer most like the prospect; asked again, of another one."""

    def name(self) -> str:
        return "action_examples"

    def say(self, dispatcher: CollectingDispatcher, tracker: Tracker, told: memory.Told) -> None:
        say_story(dispatcher, tracker, told)


class Time(Answer):
    """Says how long setup takes, naming the shop system if it is one of ours."""

    def name(self) -> str:
        return "action_time"

    def say(self, dispatcher: CollectingDispatcher, tracker: Tracker, told: memory.Told) -> None:
        platform = memory.platform(tracker, told)
        if platform in catalog.SHOP_SYSTEMS:
            dispatcher.utter_message(response="utter_time_on_platform", platform=platform)
        else:
            dispatcher.utter_message(response="utter_time")


class Integrations(Answer):
    """Says whether the platform that was named, now or earlier, can be connected; else which ones can."""

    def name(self) -> str:
        return "action_integrations"

    def say(self, dispatcher: CollectingDispatcher, tracker: Tracker, told: memory.Told) -> None:
        platform = memory.platform(tracker, told)
        if platform is None:
            dispatcher.utter_message(response="utter_integrations")
        elif platform in catalog.SUPPORTED.values():
            dispatcher.utter_message(response="utter_integrations_yes", platform=platform)
        elif platform in catalog.NOT_YET.values():
            dispatcher.utter_message(response="utter_integrations_not_yet", platform=platform)
        else:
            dispatcher.utter_message(response="utter_integrations_unsure", platform=platform)


class Tip(Answer):
    """Gives one tip: for the trouble named in the message, else for the obstacle or goal told earlier, in turns."""

    def name(self) -> str:
        return "action_tip"

    def say(self, dispatcher: CollectingDispatcher, tracker: Tracker, told: memory.Told) -> None:
        asked = catalog.tip_for(talk.user_text(tracker))
        remembered = catalog.tips_for(memory.known(tracker, "obstacle", told), memory.known(tracker, "goal", told))
        tip = asked if asked != catalog.GENERAL_TIP else talk.least_said(tracker, remembered)
        dispatcher.utter_message(response=tip)
