"""What was said, to keep: as text or as data; who may have it, and what somebody types who wants it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.core.draft import Draft
from bot.core.model import Speaker, State
from handoff.policy import Policy
from handoff.steps import tell

if TYPE_CHECKING:
    from bot.store.contract import Message

LASTS = timedelta(days=1)
"""How long a link to a transcript works."""

PATH = "/transcript"

_LEAD = r"(?:(?:please|hi|hey|hello|ok|okay|thanks|can|could|may|would|will|you|i|we|just|like|want|need|get|have|to|me|us) )*"
_VERB = r"(?:(?:send|give|mail|email|show|download|save|export|get|have|see)(?: (?:me|us|to me))? )?"
_WHAT = (
    r"(?:(?:the|a|this|our|my|that|whole|full|copy of|copy) )*"
    r"(?:transcript|(?:chat|conversation) (?:history|log|transcript|copy)|protocol)"
)
_TAIL = r"(?: (?:of|from) (?:this|the|our|my)? ?(?:chat|conversation|talk))?(?: (?:please|to me|by email|thanks|now|here))*"
_WANTED = re.compile(f"{_LEAD}{_VERB}{_WHAT}{_TAIL}")
_COPY = re.compile(rf"{_LEAD}{_VERB}(?:a |the )?copy of (?:this|the|our|my) (?:chat|conversation|talk){_TAIL}")


def wanted(text: str) -> bool:
    """Whether a text asks for the transcript, and for nothing else."""
    said = " ".join(re.sub(r"[^\w' ]", " ", text.lower()).split())
    return bool(_WANTED.fullmatch(said) or _COPY.fullmatch(said))


def send_link(draft: Draft, policy: Policy, address: str) -> None:
    """Say where the transcript is. The link is made anew once the last has run out."""
    state = draft.state
    if state.transcript_key is None or state.transcript_until is None or state.transcript_until <= draft.now:
        draft.set(transcript_key=draft.new_id("tr"), transcript_until=draft.now + LASTS)
        draft.note("transcript.linked")
    tell(draft, policy, "transcript", link=f"{address}{PATH}/{state.conversation_id}/{draft.state.transcript_key}")


def may_have(state: State, key: str, now: datetime) -> bool:
    """Whether a link's key opens this conversation now."""
    held, until = state.transcript_key, state.transcript_until
    return held is not None and until is not None and now < until and compare_digest(held.encode(), key.encode())


def as_text(messages: Sequence[Message], *, title: str, persona: str, prospect: str, zone: str) -> str:
    """The conversation as plain text: a line a message, by the wall clock of `zone`, with the date where it changes."""
    info, lines, day = ZoneInfo(zone), [title, f"Times are in {zone}.", ""], ""
    for message in messages:
        local = message.at.astimezone(info)
        if (today := f"{local:%A}, {local.day} {local:%B %Y}") != day:
            lines += ([""] if day else []) + [today]
            day = today
        lines.append(f"[{local:%H:%M}] {_who(message, persona, prospect)}: {_said(message)}")
    return "\n".join(lines) + "\n"


def as_data(messages: Iterable[Message], *, persona: str, prospect: str) -> list[dict[str, Any]]:
    """The conversation as JSON data."""
    return [
        {
            "seq": message.seq,
            "at": message.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "speaker": message.speaker.value,
            "name": _who(message, persona, prospect),
            "text": message.text,
            "attachments": [{"kind": one.kind, "url": one.url, "title": one.title} for one in message.attachments],
            "image_url": message.image_url,
        }
        for message in messages
    ]


def file_name(now: datetime, kind: str) -> str:
    """What the file is called: nothing about the person."""
    return f"conversation-{now:%Y-%m-%d}.{kind}"


def _who(message: Message, persona: str, prospect: str) -> str:
    if message.speaker is Speaker.PROSPECT:
        return prospect
    if message.speaker is Speaker.AGENT:
        return message.agent.name if message.agent else "Team"
    return f"{persona} (bot)"


def _said(message: Message) -> str:
    files = (f"[{one.title or one.kind}{f' {one.url}' if one.url else ''}]" for one in message.attachments)
    image = (f"[picture {message.image_url}]",) if message.image_url else ()
    # A message of several lines stays one entry: what follows is set in, so that nobody can write as somebody else.
    return "\n        ".join(" ".join(filter(None, (message.text, *files, *image))).splitlines())
