"""How a line looks: capitals, exclamation marks, emoji, markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nurture.lint.english import EMOJI, emoji, read
from nurture.lint.line import Line
from nurture.lint.rule import Found

MAX_EXCLAMATIONS = 1
BUBBLES_PER_EMOJI = 2
ACRONYMS = frozenset({"FAQ", "FAQS", "GDPR", "HTML", "IBAN", "SEPA", "UTC", "ASAP", "WIFI", "PDF", "NASA", "IKEA"})
SHOUTED_SHORT = frozenset({"ALL", "BIG", "BUY", "FREE", "GET", "HOT", "NEW", "NOT", "NOW", "TOP", "WIN", "WOW", "YES", "YOU"})
GRAVE = re.compile(
    r"\b(sorry|apolog\w+|complain\w*|refund\w*|broken|lost|damaged|wrong|price\w*|costs?|cents|euros?|dollars|per month|a month"
    r"|invoice|contract|terms|privacy|personal data|your data|legal|delete[ds]?|cancel\w*)\b|[$€£]\s?\d|\d\s?[$€£]",
    re.IGNORECASE,
)
"""Words of complaints, prices and small print."""

VARIABLE = re.compile(r"\{\{.*?\}\}")
MARKUP = (
    (re.compile(r"\*\*(.+?)\*\*|__(\w.*?)__"), "bold"),
    (re.compile(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])|(?<![\w_])_(\S(?:[^_\n]*\S)?)_(?![\w_])"), "stars or underscores"),
    (re.compile(r"\[([^\]\n]+)\]\([^)\s]+\)"), "a link in brackets"),
    (re.compile(r"^#{1,6}\s+(.*)$", re.MULTILINE), "a heading"),
    (re.compile(r"^\s*[-*•]\s+(.*)$", re.MULTILINE), "a bulleted list"),
    (re.compile(r"`+([^`\n]+)`+"), "code marks"),
    (re.compile(r"</?(?:b|i|u|em|strong|br|p|a|ul|li|h\d|div|span)\b[^>\n]*>", re.IGNORECASE), "HTML"),
)


def all_caps(line: Line) -> Iterator[Found]:
    """Words in capitals that are no acronyms."""
    for bubble, as_read in zip(line.bubbles, line.read, strict=True):
        shouted = [
            token.text
            for token in read(as_read).tokens
            if token.text.isalpha()
            and token.text.isupper()
            and token.text not in ACRONYMS
            and (len(token.text) > 3 or token.text in SHOUTED_SHORT)
        ]
        if shouted:
            mended = bubble
            for word in shouted:
                mended = re.sub(rf"\b{word}\b", word.lower(), mended)
            yield Found(
                rule="all_caps",
                message=f"{line.name} shouts {', '.join(shouted)}.",
                suggestion="Write it in small letters.",
                snippet=shouted[0],
                rewrite=mended[:1].upper() + mended[1:],
            )


def exclamations(line: Line) -> Iterator[Found]:
    """More than one in a message."""
    count = sum(bubble.count("!") for bubble in line.bubbles)
    if count > MAX_EXCLAMATIONS:
        whole = "\n\n".join(line.bubbles)
        yield Found(
            rule="exclamations",
            message=f"{line.name} has {count} exclamation marks.",
            suggestion="One is plenty; none is calmer.",
            snippet="!",
            rewrite=re.sub(r"!+", ".", whole),
        )


def emoji_budget(line: Line) -> Iterator[Found]:
    """One emoji in two bubbles; none beside a complaint, a price or the small print."""
    found = [sign for bubble in line.read for sign in emoji(bubble)]
    if not found:
        return
    grave = GRAVE.search(line.whole)
    allowed = 0 if grave else max(1, len(line.bubbles) // BUBBLES_PER_EMOJI)
    if len(found) <= allowed:
        return
    rewrite = "\n\n".join(_without_emoji(bubble) for bubble in line.bubbles)
    if grave:
        yield Found(
            rule="emoji_out_of_place",
            message=f'{line.name} puts {found[0]} beside "{grave[0]}".',
            suggestion="Leave the emoji out where it is about trouble, money or rules.",
            snippet=found[0],
            rewrite=rewrite,
        )
    else:
        yield Found(
            rule="emoji_budget",
            message=f"{line.name} has {len(found)} emoji; {allowed} at most here.",
            suggestion=f"Keep {found[0]} or none.",
            snippet=found[allowed],
            rewrite=rewrite,
        )


def _without_emoji(bubble: str) -> str:
    return re.sub(r"\s+([.,!?])", r"\1", re.sub(r" {2,}", " ", EMOJI.sub("", bubble))).strip()


def markdown(line: Line) -> Iterator[Found]:
    """Markup that people would see as signs."""
    for bubble in line.bubbles:
        shown = VARIABLE.sub(lambda name: "x" * len(name[0]), bubble)
        for pattern, what in MARKUP:
            if match := pattern.search(shown):
                yield Found(
                    rule="markdown",
                    message=f"{line.name} has {what}: {match[0].strip()[:40]}",
                    suggestion="Write it as plain text; give links and choices as buttons.",
                    snippet=bubble[match.start() : match.end()].strip(),
                    rewrite=pattern.sub(lambda m: next((g for g in m.groups() if g), ""), bubble),
                )
                break
