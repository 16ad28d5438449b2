"""A bubble as the Send API wants it. Limits: Meta, Send API and Quick Replies (April to May 2026)."""

from __future__ import annotations

from typing import Any

from bot.channels.facebook.translate import OURS
from bot.core.model import Say
from bot.core.window import SendAs

MAX_TEXT = 1999
MAX_REPLIES = 13
MAX_TITLE = 20
MAX_PAYLOAD = 1000


def render(say: Say, *, person: str, key: str, send_as: SendAs, persona_id: str | None = None) -> dict[str, Any]:
    """The body of one send to `person` (a page-scoped id), or in private answer to a comment of theirs; `key` goes out as metadata
    and comes back in the echo."""
    recipient = {"comment_id": say.comment_id} if say.comment_id else {"id": person}
    body: dict[str, Any] = {"recipient": recipient, **_kind(send_as), "message": {**_content(say), "metadata": OURS + key}}
    if persona_id:
        body["persona_id"] = persona_id
    return body


def _kind(send_as: SendAs) -> dict[str, str]:
    if send_as is SendAs.HUMAN_AGENT:
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return {"messaging_type": "UPDATE" if send_as is SendAs.UPDATE else "RESPONSE"}


def _content(say: Say) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if say.image_url and not say.text:
        content["attachment"] = {"type": "image", "payload": {"url": say.image_url, "is_reusable": True}}
    else:
        content["text"] = shortened("\n".join(filter(None, (say.text, say.image_url))))
    if say.quick_replies:
        content["quick_replies"] = [
            {"content_type": "text", "title": q.title[:MAX_TITLE], "payload": q.payload[:MAX_PAYLOAD]}
            for q in say.quick_replies[:MAX_REPLIES]
        ]
    return content


def shortened(text: str) -> str:
    """At most what Messenger takes, cut between words."""
    if len(text) <= MAX_TEXT:
        return text
    cut = text[: MAX_TEXT - 1]
    return (cut.rsplit(None, 1)[0] if " " in cut[-200:] else cut) + "…"
