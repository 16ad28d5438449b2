"""The checks of the Send API, as pure functions: a body in, the first refusal or None out.

Limits: Meta, Send API and Send a Message (5 May 2026), quick replies, button and generic template (22 April 2026),
sender actions (21 January 2026).
"""

from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from bot.fakes.graph import refusals
from bot.fakes.graph.refusals import Refusal, bad_parameter

TEXT_MAX = 1999  # "less than 2000 characters"
METADATA_MAX = 1000
QUICK_REPLIES_MAX = 13
TITLE_MAX = 20  # quick replies and buttons; the rest is cut, not refused
PAYLOAD_MAX = 1000
BUTTON_TEXT_MAX = 640
BUTTONS_MAX = 3
ELEMENTS_MAX = 10
ELEMENT_TEXT_MAX = 80  # title and subtitle of an element
IMAGES_MAX = 30

# Tuples, since a call may hold an unhashable value where one of these is due.
MESSAGING_TYPES = ("RESPONSE", "UPDATE", "MESSAGE_TAG")
TAGS_REMOVED = ("CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE")  # since 27 April 2026
SENDER_ACTIONS = ("typing_on", "typing_off", "mark_seen", "react", "unreact")
QUICK_REPLY_TYPES = ("text", "user_phone_number", "user_email")
MEDIA_TYPES = ("image", "audio", "video", "file")
TEMPLATES_UNCHECKED = ("media", "receipt", "coupon", "product", "customer_feedback")
THREAD_CONTROLS = ("pass", "release")


class Recipient(Protocol):
    """What a send's fate depends on, on the side of the person."""

    @property
    def blocked(self) -> bool: ...
    @property
    def window_ends_at(self) -> datetime | None: ...
    @property
    def human_ends_at(self) -> datetime | None: ...


def check_send(
    body: Mapping[str, Any], *, recipient: Recipient | None, personas: Container[str], now: datetime, private: bool = False
) -> Refusal | None:
    """The refusal of a call to `/messages`, or None when it may go out. A `private` reply to a comment needs no window.

    `recipient` is None when the platform knows nobody by that id; `personas` holds the Page's persona ids. The order
    is: shape of the call, then the person, then the window.
    """
    message, action = body.get("message"), body.get("sender_action")
    if message is not None and action is not None:
        return refusals.MESSAGE_AND_ACTION
    refusal = _check_action(body) if message is None else _check_message_call(body, message)
    refusal = refusal or _check_persona_and_control(body, personas)
    if refusal is not None:
        return refusal
    if recipient is None:
        return refusals.NO_MATCHING_USER
    if recipient.blocked:
        return refusals.PERSON_UNAVAILABLE
    if message is None or private:
        return None
    ends_at = recipient.human_ends_at if body.get("tag") == "HUMAN_AGENT" else recipient.window_ends_at
    if ends_at is None or now >= ends_at:
        return refusals.OUTSIDE_WINDOW
    return None


def as_shown(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message as the person sees it: titles of quick replies and buttons cut to 20 characters."""
    if not ("quick_replies" in message or "attachment" in message):
        return message
    return {key: _cut(value) for key, value in message.items()}


def _cut(value: Any) -> Any:
    if isinstance(value, list):
        return [_cut(item) for item in value]
    if not isinstance(value, dict):
        return value
    cut = {key: _cut(item) for key, item in value.items()}
    # An element of a template has a title too, but neither type nor content_type.
    if isinstance(cut.get("title"), str) and ("content_type" in cut or "type" in cut):
        cut["title"] = cut["title"][:TITLE_MAX]
    return cut


def _check_action(body: Mapping[str, Any]) -> Refusal | None:
    action = body.get("sender_action")
    if action is None:
        return refusals.MESSAGE_EMPTY
    if action not in SENDER_ACTIONS:
        return bad_parameter(f"Param sender_action must be one of {{{', '.join(SENDER_ACTIONS)}}}")
    return None


def _check_message_call(body: Mapping[str, Any], message: object) -> Refusal | None:
    if not isinstance(message, dict):
        return bad_parameter("Param message must be an object.")
    return _check_type_and_tag(body) or _check_message(message)


def _check_type_and_tag(body: Mapping[str, Any]) -> Refusal | None:
    messaging_type, tag = body.get("messaging_type"), body.get("tag")
    # A call with neither still works, as a RESPONSE; many older clients rely on it.
    if messaging_type is not None and messaging_type not in MESSAGING_TYPES:
        return bad_parameter(f"Param messaging_type must be one of {{{', '.join(MESSAGING_TYPES)}}}")
    if tag is None:
        return bad_parameter("Param tag is required with MESSAGE_TAG") if messaging_type == "MESSAGE_TAG" else None
    if tag in TAGS_REMOVED:
        return bad_parameter(f"The message tag {tag} is no longer supported.")
    if tag != "HUMAN_AGENT":
        return bad_parameter("Param tag must be one of {HUMAN_AGENT}")
    if messaging_type not in (None, "MESSAGE_TAG"):
        return bad_parameter("Param tag needs the messaging_type MESSAGE_TAG")
    return None


def _check_persona_and_control(body: Mapping[str, Any], personas: Container[str]) -> Refusal | None:
    persona_id, control = body.get("persona_id"), body.get("thread_control")
    if persona_id is not None and not (isinstance(persona_id, str) and persona_id in personas):
        return bad_parameter("Invalid persona id")
    if control is not None and not (isinstance(control, dict) and control.get("control_type") in THREAD_CONTROLS):
        return bad_parameter(f"Param thread_control[control_type] must be one of {{{', '.join(THREAD_CONTROLS)}}}")
    return None


def _check_message(message: dict[str, Any]) -> Refusal | None:
    text = message.get("text")
    content = [key for key in ("text", "attachment", "attachments") if message.get(key) is not None]
    if not content or text == "":
        return refusals.MESSAGE_EMPTY
    if len(content) > 1:
        return bad_parameter(f"Only one of {', '.join(content)} may be sent in a message.")
    if text is not None and (refusal := _check_text("message[text]", text, TEXT_MAX)):
        return refusal
    metadata = message.get("metadata")
    if metadata is not None and (refusal := _check_text("message[metadata]", metadata, METADATA_MAX)):
        return refusal
    if "attachments" in message and (refusal := _check_images(message["attachments"])):
        return refusal
    if "attachment" in message and (refusal := _check_attachment(message["attachment"])):
        return refusal
    return _first(_quick_reply_refusals(message.get("quick_replies")))


def _check_text(field: str, value: object, most: int) -> Refusal | None:
    if not isinstance(value, str):
        return bad_parameter(f"Param {field} must be a string.")
    if len(value) > most:
        return bad_parameter(f"Length of param {field} must be less than or equal to {most}")
    return None


def _quick_reply_refusals(replies: object) -> Iterator[Refusal | None]:
    if replies is None:
        return
    if not isinstance(replies, list) or len(replies) > QUICK_REPLIES_MAX:
        yield bad_parameter(f"Param message[quick_replies] must be a list of at most {QUICK_REPLIES_MAX}.")
        return
    for index, reply in enumerate(replies):
        field = f"message[quick_replies][{index}]"
        if not isinstance(reply, dict) or reply.get("content_type") not in QUICK_REPLY_TYPES:
            yield bad_parameter(f"Param {field}[content_type] must be one of {{{', '.join(QUICK_REPLY_TYPES)}}}")
        elif reply["content_type"] == "text":
            if not reply.get("title") or "payload" not in reply:
                yield bad_parameter(f"Param {field} needs a title and a payload.")
            yield _check_text(f"{field}[payload]", reply.get("payload"), PAYLOAD_MAX)


def _check_images(images: object) -> Refusal | None:
    if not isinstance(images, list) or not 0 < len(images) <= IMAGES_MAX:
        return bad_parameter(f"Param message[attachments] must hold 1 to {IMAGES_MAX} images.")
    if any(not isinstance(image, dict) or image.get("type") != "image" for image in images):
        return bad_parameter("Param message[attachments] may only hold images.")
    return _first(_check_attachment(image) for image in images)


def _check_attachment(attachment: object) -> Refusal | None:
    payload = attachment.get("payload") if isinstance(attachment, dict) else None
    if not isinstance(attachment, dict) or not isinstance(payload, dict):
        return bad_parameter("Param message[attachment] needs a type and a payload.")
    kind = attachment.get("type")
    if kind in MEDIA_TYPES:
        known = isinstance(payload.get("url"), str) or isinstance(payload.get("attachment_id"), str)
        return None if known else bad_parameter("Param message[attachment][payload] needs a url or an attachment_id.")
    if kind == "template":
        return _check_template(payload)
    return bad_parameter("Param message[attachment][type] is unknown.")


def _check_template(payload: dict[str, Any]) -> Refusal | None:
    kind = payload.get("template_type")
    if kind == "button":
        text = payload.get("text")
        if not text:
            return bad_parameter("Param text is required in a button template.")
        return _check_text("text", text, BUTTON_TEXT_MAX) or _check_buttons(payload.get("buttons"), least=1)
    if kind == "generic":
        elements = payload.get("elements")
        if not isinstance(elements, list) or not 0 < len(elements) <= ELEMENTS_MAX:
            return bad_parameter(f"Param elements must hold 1 to {ELEMENTS_MAX} elements.")
        return _first(_check_element(element) for element in elements)
    if kind in TEMPLATES_UNCHECKED:
        return None
    return bad_parameter("Param template_type is unknown.")


def _check_element(element: object) -> Refusal | None:
    if not isinstance(element, dict) or not element.get("title"):
        return bad_parameter("Param title is required in an element.")
    for field in ("title", "subtitle"):
        if field in element and (refusal := _check_text(f"elements[{field}]", element[field], ELEMENT_TEXT_MAX)):
            return refusal
    return _check_buttons(element.get("buttons", []), least=0)


def _check_buttons(buttons: object, *, least: int) -> Refusal | None:
    if not isinstance(buttons, list) or not least <= len(buttons) <= BUTTONS_MAX:
        return bad_parameter(f"Param buttons must hold {least} to {BUTTONS_MAX} buttons.")
    for button in buttons:
        if not isinstance(button, dict) or not isinstance(button.get("type"), str):
            return bad_parameter("A button needs a type.")
        if button["type"] == "postback" and not (button.get("title") and button.get("payload")):
            return bad_parameter("A postback button needs a title and a payload.")
        if button["type"] == "web_url" and not (button.get("title") and button.get("url")):
            return bad_parameter("A web_url button needs a title and a url.")
        if "payload" in button and (refusal := _check_text("buttons[payload]", button["payload"], PAYLOAD_MAX)):
            return refusal
    return None


def _first(refusals_found: Iterator[Refusal | None]) -> Refusal | None:
    return next((refusal for refusal in refusals_found if refusal is not None), None)
