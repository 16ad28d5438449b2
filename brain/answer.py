"""Turns Rasa's new events and parse data into what the service reads. Pure."""

from typing import Any

RANKING_LENGTH = 3


def reading_of(parse_data: dict[str, Any]) -> dict[str, Any]:
    """What was understood: text, intent with confidence (0 to 1), the three likeliest intents, entities."""
    return {
        "text": parse_data.get("text") or "",
        "intent": _named(parse_data.get("intent") or {}),
        "ranking": [_named(intent) for intent in (parse_data.get("intent_ranking") or [])[:RANKING_LENGTH]],
        "entities": parse_data.get("entities") or [],
    }


def _named(intent: dict[str, Any]) -> dict[str, Any]:
    return {"name": intent.get("name"), "confidence": float(intent.get("confidence") or 0.0)}


def say(events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The messages and the directives in the bot's `events`, each in order.

    A message made from a response carries the response's name as `utter_action`. A custom payload with a `do` key is
    a directive and is never shown. As in Rasa's channels a blank line in a text parts it into two messages; quick
    replies stay with the last one.
    """
    messages: list[dict[str, Any]] = []
    directives: list[dict[str, Any]] = []
    for event in events:
        if event["event"] != "bot":
            continue
        data = event.get("data") or {}
        custom = data.get("custom")
        if isinstance(custom, dict) and "do" in custom:
            directives.append(custom)
            custom = None
        wording = (event.get("metadata") or {}).get("utter_action")
        named = {"utter_action": wording} if wording else {}
        messages.extend({**bubble, **named} for bubble in _bubbles(event.get("text"), data, custom))
    return messages, directives


def _bubbles(text: Any, data: dict[str, Any], custom: Any) -> list[dict[str, Any]]:
    bubbles: list[dict[str, Any]] = [{"text": part} for part in (text or "").strip().split("\n\n") if part.strip()]
    rest: dict[str, Any] = {}
    replies = [*(data.get("quick_replies") or []), *(data.get("buttons") or [])]
    if replies:
        rest["quick_replies"] = [_quick_reply(reply) for reply in replies]
    image, attachment = data.get("image"), data.get("attachment")
    if image:
        rest["image"] = image
    if attachment and attachment != image:
        rest["attachment"] = attachment
    if data.get("elements"):
        rest["elements"] = data["elements"]
    if custom:
        rest["custom"] = custom
    if not rest:
        return bubbles
    last = bubbles.pop() if bubbles else {}
    return [*bubbles, {**last, **rest}]


def _quick_reply(reply: dict[str, Any]) -> dict[str, Any]:
    title = reply.get("title", "")
    return {"title": title, "payload": reply.get("payload") or title}
