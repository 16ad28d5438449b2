"""The person writes while our bubbles are still being paced out: what has not left is taken back and thought over. Pure.

As a person would: what was just written is answered first. What we still owe is said after it; what was answered anew, or is not
wanted any more, falls away. A promise and the word that a bot is writing are never lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.draft import Draft
from bot.core.model import Owner, Say, Speaker
from nurture.copy import asks

HELD_BACK = frozenset({Speaker.BOT, Speaker.FLOW})
"""Whose bubbles are taken back. Agents' words and the ladder's are nobody's to take."""

DISCLOSES = re.compile(r"\b(chat ?)?bots?\b|\bautomated\b|\bnot a (human|person)\b|\bvirtual assistant\b", re.IGNORECASE)
PROMISES = re.compile(
    r"\b(i|we)( wi|['’])ll\b|\b(i am|i['’]m|we are|we['’]re) (getting|sending|going to|bringing|calling|passing)\b"
    r"|\blet me (get|send|ask|find)\b|\b(i|we) promise\b|\bsomeone (will|is going to)\b",
    re.IGNORECASE,
)
"""Words by which somebody counts on us. Taken wide: a bubble too many is a smaller harm than a promise that nobody heard."""

NEVER_MIND = re.compile(
    r"\W*(oh |ok(ay)?,? |ah,? )?(never ?mind|nvm|nm|forget (it|that)|no need|got it|all good|that['’]s (enough|all)|skip (it|that))"
    r"(,? (thanks|thank you|thx))?\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anew:
    """How the new words were answered: what is said, what was written, what it asked (as the brain reads it; None if it could not),
    and whether a person is called instead."""

    says: Sequence[Say]
    wrote: str
    intent: str | None = None
    called: bool = False


def must_be_said(say: Say) -> bool:
    """Whether this bubble may not be lost: it says that a bot is writing, or the bot promises something."""
    return DISCLOSES.search(say.text) is not None or (say.speaker is Speaker.BOT and PROMISES.search(say.text) is not None)


def hold_back(draft: Draft) -> tuple[Say, ...]:
    """Take back the bubbles that have not left, in their order, to be paced anew if they are said after all."""
    held = tuple(u for u in draft.state.unsent if u.say.speaker in HELD_BACK)
    if held:
        draft.withdraw(tuple(u.message_id for u in held))
        draft.note("turn.interrupted", bubbles=len(held))
    return tuple(anew(u.say) for u in held)


def anew(say: Say) -> Say:
    """The bubble as it is said again: paced anew, and as the answer to somebody who writes right now."""
    return replace(say, typing_at=None, due_at=None, prompted=True if say.speaker is Speaker.FLOW else say.prompted)


def still_owed(held: Sequence[Say], answered: Anew) -> tuple[Say, ...]:
    """Which of the bot's own bubbles that were held back are still said. Their order stays; each is said once."""
    kept: list[Say] = []
    for say in held:
        if say.speaker is not Speaker.BOT or _said(say, answered.says) or _repeated(say, kept):
            continue
        if must_be_said(say) or not _falls_away(say, kept, answered):
            kept.append(say)
    return tuple(kept)


def _falls_away(say: Say, kept: Sequence[Say], answered: Anew) -> bool:
    asked_again = answered.intent is not None and say.answers == answered.intent
    if answered.called or asked_again or NEVER_MIND.fullmatch(answered.wrote.strip()):
        return True
    # An answer may end in a question: two questions at once are a smaller harm than an answer that nobody hears.
    wants = say.answers is None and (asks(say.text) or bool(say.quick_replies))
    return wants and any(asks(other.text) or other.quick_replies for other in (*answered.says, *kept))


def _said(say: Say, others: Sequence[Say]) -> bool:
    """Whether the same is among them: the same words, or another wording of the same response."""
    response = (say.wording or "").partition("#")[0]
    return any(
        _plain(other.text) == _plain(say.text) or (response and response == (other.wording or "").partition("#")[0])
        for other in others
        if other.image_url == say.image_url
    )


def _repeated(say: Say, kept: Sequence[Say]) -> bool:
    """Whether these very words are kept already; a response of several bubbles is not a repeat of itself."""
    return any(_plain(other.text) == _plain(say.text) and other.image_url == say.image_url for other in kept)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def carry_over(draft: Draft) -> None:
    """The talk changed hands while bubbles were on their way, which makes them stale: what may not be lost is said anew, first."""
    if draft.state.owner_version == draft.before.owner_version or draft.state.owner is Owner.AGENT or draft.state.opted_out_at:
        return
    held = tuple(u for u in draft.state.unsent if u.say.speaker in HELD_BACK and must_be_said(u.say))
    if held:
        draft.withdraw(tuple(u.message_id for u in held))
        draft.says[:0] = list(_fresh(tuple(anew(u.say) for u in held), draft.says))


def _fresh(held: Sequence[Say], says: Sequence[Say]) -> Iterator[Say]:
    return (say for say in held if not _said(say, says))
