"""Yes and no, which mean what the last bubble makes of them."""

from typing import Any, Final

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import answers, directives, discovery, memory, talk

QUESTIONS_ASKED: Final = frozenset({"utter_ask_business", "utter_ask_goal", "utter_ask_obstacle"})
OFFERS_A_PERSON: Final = frozenset({"utter_language_other", "utter_integrations_unsure"})
OFFERS_EXAMPLES: Final = frozenset({"utter_objection_trust"})
OFFERS_CHOICES: Final = frozenset({"utter_clarify", "utter_which_one"})


class ReplyYes(Action):
    """Does what was offered, or says something kind and goes on."""

    def name(self) -> str:
        return "action_reply_yes"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        last = talk.last_bot_message(tracker)
        response = talk.response_name(last)
        if response in OFFERS_A_PERSON:
            dispatcher.utter_message(json_message=directives.handoff("asked"))
        elif response in OFFERS_EXAMPLES:
            answers.say_story(dispatcher, tracker, {})
        elif response in OFFERS_CHOICES:
            dispatcher.utter_message(response="utter_which_one", buttons=_buttons(last))
        elif response in QUESTIONS_ASKED:
            dispatcher.utter_message(response="utter_go_on")
        else:
            told = memory.told_by_entities(tracker)
            dispatcher.utter_message(response="utter_yes")
            discovery.ask_next(dispatcher, tracker, told)
            return memory.slot_events(told)
        return []


class ReplyNo(Action):
    """Takes a no for an answer. No to every guess of a clarifying question brings a person instead of more guesses."""

    def name(self) -> str:
        return "action_reply_no"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        if talk.response_name(talk.last_bot_message(tracker)) in OFFERS_CHOICES:
            dispatcher.utter_message(json_message=directives.handoff("not_understood"))
        else:
            dispatcher.utter_message(response="utter_no")
        return []


def _buttons(bot_message: talk.Event | None) -> list[dict[str, str]]:
    return ((bot_message or {}).get("data") or {}).get("buttons") or []
