"""What somebody who waits for a person means by typed words: one of the choices, or nothing of the kind. Pure.

Only words that leave no doubt count, since everything else is for the bot to answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from handoff import languages
from handoff.policy import Choice

_LEAD = r"(?:(?:ok|okay|yes|yeah|no|sure|well|please|oh|hey|then|actually|thanks|thank you|um) )*"
_WANT = (
    r"(?:(?:i'd|i would|i'll|i will|i|can i|could i|may i|let me|let's|we can|can you|could you|you can)"
    r"(?: (?:just|rather|like to|want to|prefer to|like you to))* )?"
)
_TAIL = r"(?: (?:please|then|thanks|thank you|now|for now|instead|again|a bit|a little|a moment|if that's ok|ok|okay))*"

_WORDS: dict[Choice, tuple[str, ...]] = {
    Choice.WAIT: (
        r"(?:keep )?(?:wait|waiting|hold|hang on|hold on)(?: here| longer| some more| for (?:a person|someone|somebody))?",
    ),
    Choice.CALLBACK: (
        r"(?:call|ring|phone) me(?: back)?(?: later)?",
        r"call ?back",
        r"leave (?:you )?(?:a|my) (?:phone )?number",
        r"(?:get|have|want|need) a call ?back",
        r"be called(?: back)?",
    ),
    Choice.BOOK: (
        r"(?:book|make|schedule|arrange|pick|choose|set up|find)(?: me)? (?:a|an|another|the)?(?: ?different)? ?(?:time|call|slot)",
        r"(?:book|make|schedule|arrange|pick|choose|set up|find)(?: me)? (?:a|an|another|the)? ?(?:appointment|meeting|date)",
        r"(?:another|a different) time(?: is better)?",
        r"change the time",
        r"reschedule",
    ),
    Choice.BOT: (
        r"(?:carry|go) on with (?:you|the bot)",
        r"(?:continue|talk|chat|stay)(?: on)?(?: with| to)? (?:you|the bot)",
        r"(?:the )?bot is fine",
        r"back to (?:you|the bot)",
    ),
    Choice.CANCEL: (
        r"cancel(?: (?:it|that|this|(?:the|my) (?:request|call|appointment|booking)))?",
        r"never ?mind",
        r"forget (?:it|about it|that)",
        r"(?:it's )?no longer (?:needed|necessary)",
        r"(?:i )?don't need (?:a person|anyone|anybody|someone|help|it)(?: anymore| any more)?",
        r"no need(?: anymore| any more)?",
        r"call it off",
        r"stop looking",
    ),
}
_READ = {choice: re.compile(f"{_LEAD}{_WANT}(?:{'|'.join(words)}){_TAIL}") for choice, words in _WORDS.items()}
_CALL = re.compile(r"\b(call|ring|phone|reach|number)\b", re.IGNORECASE)


def plain(text: str) -> str:
    """Words alone: lower case, without punctuation, each a space apart, apostrophes straight."""
    return " ".join(re.sub(r"[^\w' ]", " ", text.lower().replace("\u2019", "'")).split())


def typed_choice(text: str, titles: Mapping[Choice, str]) -> Choice | None:
    """The choice that was typed: its title, or words that mean it and nothing else."""
    said = plain(text)
    for choice, title in titles.items():
        if said == plain(title):
            return choice
    english = next((choice for choice, words in _READ.items() if words.fullmatch(said)), None)
    return english or languages.chosen(languages.bare(said))


def wants_call(text: str) -> bool:
    """Whether a text that holds a number asks to be called on it."""
    return _CALL.search(text) is not None or languages.asks_to_be_called(text)
