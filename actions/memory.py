"""What the bot has been told: slots out of a message, and the phrases that later answers are built with."""

from typing import Any, Final

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions import catalog, phrases, talk

Told = dict[str, str]

SLOTS: Final = ("business_kind", "product", "platform", "goal", "obstacle", "first_name", "email", "phone")


def told_by_entities(tracker: Tracker) -> Told:
    """Slots that the message's entities fill, cleaned; a platform also when only its name stands in the text."""
    found = {slot: talk.entity(tracker, slot) for slot in SLOTS}
    platform = found["platform"] or catalog.platform_in(talk.user_text(tracker))
    found["platform"] = catalog.proper_platform(platform) if platform else None
    return {slot: kept for slot, value in found.items() if (kept := phrases.cleaned(value))}


def told_business(tracker: Tracker) -> Told:
    """business_kind, and product where goods are named, from a message that tells what somebody does.

    What is known already is replaced only by something said outright ("i run a gym"), not by a stray phrase.
    """
    told = told_by_entities(tracker)
    text = talk.user_text(tracker)
    business = phrases.business_in(text)
    if not business.stated and (tracker.slots.get("business_kind") or catalog.platform_in(text)):
        return told
    if business.sells and business.phrase:
        told.setdefault("product", business.phrase)
    kind = phrases.cleaned(business.phrase or phrases.without_opener(text))
    if kind:
        told.setdefault("business_kind", kind)
    return told


def told_in_words(tracker: Tracker, slot: str) -> Told:
    """The slot from its entity, else from the whole message."""
    told = told_by_entities(tracker)
    words = phrases.cleaned(phrases.without_opener(talk.user_text(tracker)))
    if words:
        told.setdefault(slot, words)
    return told


def told_name(tracker: Tracker) -> Told:
    """first_name from a message in which somebody introduces themselves."""
    told = told_by_entities(tracker)
    name = phrases.first_name_in(talk.user_text(tracker))
    if name:
        told.setdefault("first_name", name)
    return told


def told_contact(tracker: Tracker) -> Told:
    """email and phone from a message that leaves them."""
    told = told_by_entities(tracker)
    text = talk.user_text(tracker)
    for slot, value in (("email", phrases.email_in(text)), ("phone", phrases.phone_in(text))):
        if value:
            told.setdefault(slot, value)
    return told


def slot_events(told: Told) -> list[dict[str, Any]]:
    """The events that store what was told."""
    return [SlotSet(slot, value) for slot, value in sorted(told.items())]


def known(tracker: Tracker, slot: str, told: Told) -> str | None:
    """What is known after this message: told just now, else remembered."""
    return told.get(slot) or phrases.cleaned(tracker.slots.get(slot))


def business(tracker: Tracker, told: Told) -> str | None:
    """The prospect's business as it can stand in a sentence of ours ("for candles"), or None.

    business_kind may hold a whole sentence: a flow keeps an answer as it was written.
    """
    return phrases.spoken(known(tracker, "product", told)) or phrases.business_in(
        known(tracker, "business_kind", told) or ""
    ).phrase


def first_name(tracker: Tracker, told: Told) -> str | None:
    """The prospect's first name if it is short enough to be one."""
    name = known(tracker, "first_name", told)
    return name if name and len(name) <= phrases.MAX_NAME_CHARS else None


def platform(tracker: Tracker, told: Told) -> str | None:
    """The platform named now or earlier, in its proper spelling, if it can stand in a sentence of ours."""
    name = known(tracker, "platform", told)
    return catalog.proper_platform(name) if phrases.spoken(name) else None
