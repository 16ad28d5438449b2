"""A public comment on a post of the page: it may be answered privately, once, and then nothing more until the person writes. Pure.

Sources: Meta, "Send a Message" and "Private replies" (May 5, 2026): one message within seven days of the comment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.core.draft import Draft
from bot.core.model import Heard, Window
from bot.core.window import COMMENT


def comment_of(heard: Heard) -> Mapping[str, Any] | None:
    """The comment that this tells of: its `id`, its `post` and its `text`."""
    found = heard.metadata.get("comment")
    return found if heard.metadata.get("action") == COMMENT and isinstance(found, Mapping) else None


def written(heard: Sequence[Heard]) -> tuple[Heard, ...]:
    """What of a burst was written to us, and not in public."""
    return tuple(one for one in heard if comment_of(one) is None)


def learn(draft: Draft, heard: Sequence[Heard]) -> None:
    """Remember which comment may be answered; who writes to us needs no private reply."""
    window = draft.state.window
    answerable = next((told["id"] for one in reversed(heard) if (told := comment_of(one))), None)
    if written(heard) or (window is not None and window.opened_by != COMMENT):
        draft.set(comment_id=None)
    elif answerable is not None:
        draft.set(comment_id=str(answerable))


def reply_privately(draft: Draft) -> None:
    """Before pacing: what is said to who has only commented is one message in answer to the comment, and closes their window."""
    comment_id, window = draft.state.comment_id, draft.state.window
    if comment_id is None or window is None or not draft.says:
        return
    first, last = draft.says[0], draft.says[-1]
    image = next((say.image_url for say in draft.says if say.image_url), None)
    text = "\n\n".join(say.text for say in draft.says if say.text)
    draft.says[:] = [
        replace(first, text=text, image_url=image, quick_replies=last.quick_replies, comment_id=comment_id, urgent=True)
    ]
    closed = Window(opened_at=window.opened_at, closes_at=min(draft.now, window.closes_at or draft.now), opened_by=COMMENT)
    draft.set(comment_id=None, window=closed)
    draft.note("comment.answered")
