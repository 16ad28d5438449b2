"""Builders of webhook events: every shape the Messenger Platform sends about a Page.

Each builder gives one event as a plain dict; `payload` and `batch` wrap events into a webhook body. Shapes: Meta's
webhook reference pages (messages 27 March 2026, message echoes 18 March 2026, postbacks 26 February 2026, referrals
1 July 2025, standby 25 September 2024).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

type Event = dict[str, Any]
type Channel = Literal["messaging", "standby", "changes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One person's thread with one Page."""

    psid: str
    page_id: str


def millis(at: datetime) -> int:
    """Meta's timestamps: whole milliseconds since 1970."""
    return int(at.timestamp() * 1000)


def payload(page_id: str, time_ms: int, events: Sequence[Event], *, channel: Channel = "messaging") -> Event:
    """A webhook body with one entry that holds all `events`."""
    return {"object": "page", "entry": [{"id": page_id, "time": time_ms, channel: list(events)}]}


def batch(page_id: str, time_ms: int, events: Sequence[tuple[Channel, Event]]) -> Event:
    """A webhook body with one entry for each event, the way Meta groups updates under load."""
    return {"object": "page", "entry": [{"id": page_id, "time": time_ms, channel: [e]} for channel, e in events]}


def dashboard_test(time_ms: int, field: str = "messages") -> Event:
    """The body sent by the test button of the app's dashboard: `changes`, and the entry id "0"."""
    value = {
        "sender": {"id": "12334"},
        "recipient": {"id": "23245"},
        "timestamp": str(time_ms // 1000),
        "message": {"mid": "test_message_id", "text": "test_message"},
    }
    return {"object": "page", "entry": [{"id": "0", "time": time_ms, "changes": [{"field": field, "value": value}]}]}


def comment(thread: Thread, at_ms: int, *, comment_id: str, post_id: str, text: str, parent_id: str | None = None) -> Event:
    """A person commented on a post of the Page: a change of the field `feed` (Meta, Page webhooks). Its time is in seconds."""
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": comment_id,
        "post_id": post_id,
        "parent_id": parent_id or post_id,
        "from": {"id": thread.psid, "name": "Somebody"},
        "message": text,
        "created_time": at_ms // 1000,
    }
    return {"field": "feed", "value": value}


def message(
    thread: Thread,
    at_ms: int,
    *,
    mid: str,
    text: str | None = None,
    attachments: Sequence[Mapping[str, Any]] = (),
    quick_reply_payload: str | None = None,
    reply_to_mid: str | None = None,
    referral: Mapping[str, Any] | None = None,
) -> Event:
    """The person wrote, tapped a quick reply, or sent attachments."""
    content: Event = {"mid": mid}
    if text is not None:
        content["text"] = text
    if attachments:
        content["attachments"] = list(attachments)
    if quick_reply_payload is not None:
        content["quick_reply"] = {"payload": quick_reply_payload}
    if reply_to_mid is not None:
        content["reply_to"] = {"mid": reply_to_mid, "is_self_reply": False}
    if referral is not None:
        content["referral"] = dict(referral)
    return _from_person(thread, at_ms) | {"message": content}


def attachment(kind: str, url: str) -> Event:
    """An attachment of kind image, audio, video, file, reel, ig_reel, post, ig_post or fallback."""
    return {"type": kind, "payload": {"url": url}}


def sticker(sticker_id: int, url: str) -> Event:
    """A sticker in the shape used since 30 August 2026; before, it came as an image."""
    return {"type": "sticker", "payload": {"url": url, "sticker_id": sticker_id}}


def postback(
    thread: Thread,
    at_ms: int,
    *,
    mid: str,
    title: str,
    payload: str | None,
    referral: Mapping[str, Any] | None = None,
    user_ref: str | None = None,
) -> Event:
    """The person tapped a button. In standby `payload` is None: only the app that sent the button learns it.

    With `user_ref` the sender is a guest of the chat plugin, without a page-scoped id.
    """
    content: Event = {"mid": mid, "title": title}
    if payload is not None:
        content["payload"] = payload
    if referral is not None:
        content["referral"] = dict(referral)
    event = _from_person(thread, at_ms) | {"postback": content}
    if user_ref is not None:
        event["sender"] = {"user_ref": user_ref}
    return event


def link_referral(ref: str) -> Event:
    """The referral of an m.me link."""
    return {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}


def ad_referral(ad_id: str, *, ref: str | None = None, ad_title: str | None = None) -> Event:
    """The referral of a Click-to-Messenger ad."""
    referral: Event = {"source": "ADS", "type": "OPEN_THREAD", "ad_id": ad_id}
    if ref is not None:
        referral["ref"] = ref
    if ad_title is not None:
        referral["ads_context_data"] = {"ad_title": ad_title}
    return referral


def referral(thread: Thread, at_ms: int, details: Mapping[str, Any]) -> Event:
    """The person came through a link or an ad into a thread that already existed."""
    return _from_person(thread, at_ms) | {"referral": dict(details)}


def optin(thread: Thread, at_ms: int, *, title: str, payload: str, token: str, zone: str, expires_ms: int) -> Event:
    """The person agreed to marketing messages on a topic. This does not open the window."""
    return _from_person(thread, at_ms) | {
        "optin": {
            "type": "notification_messages",
            "title": title,
            "payload": payload,
            "notification_messages_token": token,
            "notification_messages_timezone": zone,
            "token_expiry_timestamp": expires_ms,
            "user_token_status": "NOT_REFRESHED",
        }
    }


def plugin_optin(thread: Thread, at_ms: int, *, ref: str, user_ref: str) -> Event:
    """The checkbox plugin: no sender, only `user_ref`."""
    event = _from_person(thread, at_ms) | {"optin": {"ref": ref, "user_ref": user_ref}}
    del event["sender"]
    return event


def delivery(thread: Thread, at_ms: int, *, watermark_ms: int, mids: Sequence[str] = ()) -> Event:
    """Everything sent up to the watermark arrived; `mids` may be missing."""
    content: Event = {"mids": list(mids)} if mids else {}
    return _from_person(thread, at_ms) | {"delivery": content | {"watermark": watermark_ms}}


def read(thread: Thread, at_ms: int, *, watermark_ms: int) -> Event:
    """The person saw everything sent up to the watermark."""
    return _from_person(thread, at_ms) | {"read": {"watermark": watermark_ms}}


def reaction(thread: Thread, at_ms: int, *, mid: str, emoji: str, name: str = "other", undo: bool = False) -> Event:
    """The person reacted to message `mid`, or took the reaction back."""
    content = {"reaction": name, "emoji": emoji, "action": "unreact" if undo else "react", "mid": mid}
    return _from_person(thread, at_ms) | {"reaction": content}


def edit(thread: Thread, at_ms: int, *, mid: str, text: str, number: int) -> Event:
    """The person changed message `mid`; `number` counts the edits of that message."""
    return _from_person(thread, at_ms) | {"message_edit": {"mid": mid, "text": text, "num_edit": number}}


def echo(
    thread: Thread,
    at_ms: int,
    *,
    mid: str,
    content: Mapping[str, Any],
    app_id: str | None,
    metadata: str | None = None,
) -> Event:
    """The Page wrote. `app_id` is the sender's app, None when a person wrote in the Page's inbox."""
    marks: Event = {"mid": mid, "is_echo": True}
    if app_id is not None:
        marks["app_id"] = int(app_id)
    if metadata is not None:
        marks["metadata"] = metadata
    shown = {key: value for key, value in content.items() if key in {"text", "attachments", "reply_to"}}
    if "attachment" in content:
        shown["attachments"] = [content["attachment"]]
    return _from_page(thread, at_ms) | {"message": marks | shown}


def pass_thread_control(thread: Thread, at_ms: int, *, new_owner: str, previous_owner: str | None, metadata: str = "") -> Event:
    """Control of the thread was given to `new_owner`; `previous_owner` is None when it was idle."""
    return _from_person(thread, at_ms) | {
        "pass_thread_control": {
            "previous_owner_app_id": previous_owner,
            "new_owner_app_id": new_owner,
            "metadata": metadata,
        }
    }


def take_thread_control(thread: Thread, at_ms: int, *, new_owner: str, previous_owner: str, metadata: str = "") -> Event:
    """Control of the thread was taken from `previous_owner`."""
    return _from_person(thread, at_ms) | {
        "take_thread_control": {
            "previous_owner_app_id": previous_owner,
            "new_owner_app_id": new_owner,
            "metadata": metadata,
        }
    }


def request_thread_control(thread: Thread, at_ms: int, *, requester: str, metadata: str = "") -> Event:
    """Another app asks for control of the thread."""
    return _from_person(thread, at_ms) | {"request_thread_control": {"requested_owner_app_id": requester, "metadata": metadata}}


def app_roles(page_id: str, at_ms: int, roles: Mapping[str, Sequence[str]]) -> Event:
    """The roles of apps on this Page: app id to role names."""
    return {
        "recipient": {"id": page_id},
        "timestamp": at_ms,
        "app_roles": {app_id: list(names) for app_id, names in roles.items()},
    }


def _from_person(thread: Thread, at_ms: int) -> Event:
    return {"sender": {"id": thread.psid}, "recipient": {"id": thread.page_id}, "timestamp": at_ms}


def _from_page(thread: Thread, at_ms: int) -> Event:
    return {"sender": {"id": thread.page_id}, "recipient": {"id": thread.psid}, "timestamp": at_ms}
