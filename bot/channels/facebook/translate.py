"""A webhook's body as what happened. Every entry and every event of a batch counts.

Shapes after Meta's reference of webhook events (March to September 2026). An event we know but do not use is `Ignored`, so the
webhook can answer 200 and say in the log what it was; a body that is no page event at all raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.core.model import Arrival, Attachment, Identity
from bot.core.window import COMMENT

NAME = "facebook"
MAX_TEXT = 4000
GET_STARTED = "/greet"
OURS = "warmline:"
"""How the metadata of our own sends begins; the message's key follows."""


class NotAPageEvent(ValueError):
    """The body is JSON, but not of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """Something the page said. `key` is that of a message of ours; without it somebody else spoke."""

    identity: Identity
    external_id: str
    key: str | None
    app_id: str | None
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The person has seen everything up to `at`."""

    identity: Identity
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Everything sent up to `at` has reached the person's device."""

    identity: Identity
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """Another app took the conversation."""

    identity: Identity
    app_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """The conversation was passed to us: Meta tells it to the app that has the thread from now on."""

    identity: Identity
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """An event that changes nothing here; `kind` for the log."""

    kind: str


type Told = Echo | Read | Arrived | TakenOver | GivenBack
"""What is told of a person beside what they write."""

type Happening = Arrival | Told | Ignored


def translate(body: Any) -> list[Happening]:
    """What happened, in the order of the body. Raises `NotAPageEvent`."""
    if not isinstance(body, Mapping) or body.get("object") != "page" or not isinstance(body.get("entry"), list):
        raise NotAPageEvent("not a page event")
    return [happening for entry in body["entry"] if isinstance(entry, Mapping) for happening in _entry(entry)]


def _entry(entry: Mapping[str, Any]) -> Iterator[Happening]:
    for event in _listed(entry.get("messaging")):
        yield _event(event)
    for event in _listed(entry.get("standby")):
        yield from _standby(event)
    for change in _listed(entry.get("changes")):
        yield _change(change, page_id=_text(entry.get("id")))


def _change(change: Mapping[str, Any], *, page_id: str | None) -> Happening:
    """Something on the page itself. Of these only a person's new comment on a post counts (Meta, Page webhooks, field feed)."""
    value, field = change.get("value"), str(change.get("field", "?"))[:40]
    if field != "feed" or not isinstance(value, Mapping):
        return Ignored(kind=f"changes.{field}")
    author = value.get("from")
    person = _text(author.get("id")) if isinstance(author, Mapping) else None
    comment_id, post = _text(value.get("comment_id")), _text(value.get("post_id"))
    is_reply = value.get("parent_id") not in (None, post)
    if (value.get("item"), value.get("verb")) != ("comment", "add") or not (comment_id and post) or is_reply:
        return Ignored(kind=f"feed.{str(value.get('item', '?'))[:20]}.{'reply' if is_reply else str(value.get('verb', '?'))[:20]}")
    if person is None or person == page_id:
        return Ignored(kind="feed.comment.own")
    told = {"id": comment_id, "post": post, "text": str(value.get("message") or "")[:MAX_TEXT]}
    return Arrival(
        identity=Identity(channel=NAME, external_id=person[:255]),
        external_id=f"comment:{comment_id}"[:255],
        sent_at=_at(int(value["created_time"]) * 1000 if str(value.get("created_time", "")).isdigit() else None),
        metadata={"action": COMMENT, "comment": told},
    )


def _standby(event: Mapping[str, Any]) -> Iterator[Happening]:
    """What happened while another app had the thread (Meta, standby, 25 September 2024). Kept as anything else is; words of the
    prospect also tell that somebody else owes the answer, even where the taking was never told."""
    happening = _event(event)
    yield happening
    if isinstance(happening, Arrival):
        yield TakenOver(identity=happening.identity, app_id=None, at=happening.sent_at)


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def _kind(event: Mapping[str, Any]) -> str:
    names = [k for k in event if k not in ("sender", "recipient", "timestamp")]
    return str(names[0])[:40] if names else "empty"


def _event(event: Mapping[str, Any]) -> Happening:
    message, postback, referral = event.get("message"), event.get("postback"), event.get("referral")
    if isinstance(message, Mapping):
        if message.get("is_echo"):
            return _echo(event, message)
        return _said(event, message)
    if isinstance(postback, Mapping):
        return _tapped(event, postback)
    if isinstance(referral, Mapping):
        return _arrival(
            event, f"referral:{_person(event)}:{event.get('timestamp')}", {"action": "referral", "referral": _ref(referral)}
        )
    if isinstance(event.get("read"), Mapping):
        identity = _identity(event)
        return Read(identity=identity, at=_at(event["read"].get("watermark"))) if identity else Ignored(kind="read")
    if isinstance(event.get("delivery"), Mapping) and (identity := _identity(event)):
        return Arrived(identity=identity, at=_at(event["delivery"].get("watermark")))
    take = event.get("take_thread_control")
    if isinstance(take, Mapping) and (identity := _identity(event)):
        return TakenOver(identity=identity, app_id=_text(take.get("new_owner_app_id")), at=_at(event.get("timestamp")))
    if isinstance(event.get("pass_thread_control"), Mapping) and (identity := _identity(event)):
        return GivenBack(identity=identity, at=_at(event.get("timestamp")))
    return Ignored(kind=_kind(event))


def _echo(event: Mapping[str, Any], message: Mapping[str, Any]) -> Happening:
    recipient = event.get("recipient")
    person = recipient.get("id") if isinstance(recipient, Mapping) else None
    if not person or not message.get("mid"):
        return Ignored(kind="echo")
    metadata = _text(message.get("metadata")) or ""
    return Echo(
        identity=Identity(channel=NAME, external_id=str(person)),
        external_id=str(message["mid"]),
        key=metadata.removeprefix(OURS) if metadata.startswith(OURS) else None,
        app_id=_text(message.get("app_id")),
        text=str(message.get("text") or "")[:MAX_TEXT],
        at=_at(event.get("timestamp")),
    )


def _said(event: Mapping[str, Any], message: Mapping[str, Any]) -> Happening:
    if not message.get("mid"):
        return Ignored(kind="message.without_mid")
    quick = message.get("quick_reply")
    payload = _text(quick.get("payload")) if isinstance(quick, Mapping) else None
    metadata = {"referral": _ref(message["referral"])} if isinstance(message.get("referral"), Mapping) else {}
    return _arrival(
        event, str(message["mid"]), metadata, text=str(message.get("text") or ""),
        payload=payload if payload and payload.startswith("/") else None, attachments=_attachments(message),
    )  # fmt: skip


def _tapped(event: Mapping[str, Any], postback: Mapping[str, Any]) -> Happening:
    payload, title = _text(postback.get("payload")), str(postback.get("title") or "")
    mid = postback.get("mid") or f"postback:{_person(event)}:{event.get('timestamp')}:{payload}"
    referral = postback.get("referral")
    metadata = {"action": "postback", **({"referral": _ref(referral)} if isinstance(referral, Mapping) else {})}
    if payload and not payload.startswith("/"):
        payload = GET_STARTED if payload.upper().replace("-", "_") == "GET_STARTED" else None
    return _arrival(event, str(mid), metadata, text=title, payload=payload)


def _arrival(event: Mapping[str, Any], external_id: str, metadata: dict[str, Any], **said: Any) -> Happening:
    identity = _identity(event)
    if identity is None:
        return Ignored(kind=_kind(event) + ".without_sender")
    said["text"] = said.get("text", "")[:MAX_TEXT]
    return Arrival(identity=identity, external_id=external_id[:255], sent_at=_at(event.get("timestamp")), metadata=metadata, **said)


def _attachments(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    found = []
    for item in _listed(message.get("attachments")):
        given = item.get("payload")
        payload: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        kind = str(item.get("type") or "other")
        if payload.get("sticker_id") or message.get("sticker_id"):
            kind = "sticker"
        found.append(Attachment(kind=kind, url=_text(payload.get("url")), title=_text(payload.get("title") or item.get("title"))))
    if not found and message.get("sticker_id"):
        found.append(Attachment(kind="sticker"))
    return tuple(found)


def _ref(referral: Mapping[str, Any]) -> dict[str, str]:
    told = {k: str(referral[k])[:200] for k in ("ref", "source", "type", "ad_id") if referral.get(k)}
    advert = referral.get("ads_context_data")
    title = _text(advert.get("ad_title")) if isinstance(advert, Mapping) else None
    return {**told, "ad_title": title[:200]} if title else told


def _person(event: Mapping[str, Any]) -> str | None:
    sender = event.get("sender")
    return str(sender["id"]) if isinstance(sender, Mapping) and sender.get("id") else None


def _identity(event: Mapping[str, Any]) -> Identity | None:
    person = _person(event)
    return Identity(channel=NAME, external_id=person[:255]) if person else None


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)[:1000]


def _at(milliseconds: Any) -> datetime:
    """Milliseconds since 1970 as aware UTC; what is no such number counts as the beginning of time."""
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
