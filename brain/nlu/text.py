"""The light normaliser: what a message is reduced to before it is compared with the training examples.

People on Messenger write "heyyyy", "dont", "whats the price??" and emoji. Elongation, apostrophes, accents,
invisible characters and punctuation are evened out, emoji are kept as words; spelling mistakes are left to the character n-grams.
"""

from __future__ import annotations

import re
import unicodedata

MAX_MESSAGE_CHARS = 500
MAX_WORD_CHARS = 32

# Straight and typographic apostrophes, and the accents people type in their place.
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc\u00b4`]")
_ELONGATED = re.compile(r"([^\W\d_])\1{2,}")
# A lone thumb or an angry face is the whole message at times, so each pictograph is a word.
_WORD = re.compile("[^\\W_]+|[?]|[\u2190-\u2bff\U0001f000-\U0001faff]")
_SKIN_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")


def words_of(text: str) -> list[str]:
    """Split a message into the normalised words that features are made of.

    Args:
        text: the message as it was written, of any length and any script.

    Returns:
        Lower-case words without accents, at most 32 characters each, from the first 500 characters of the
        message. Question marks and emoji are words of their own; other punctuation is dropped.
    """
    text = text[:MAX_MESSAGE_CHARS]
    if not text.isascii():
        text = _fold(text)
    text = _ELONGATED.sub(r"\1\1", _APOSTROPHES.sub("", text.lower()))
    return [word[:MAX_WORD_CHARS] for word in _WORD.findall(text)]


def _fold(text: str) -> str:
    """Fold look-alike letters together; drop accents, skin tones and invisible characters."""
    text = _SKIN_TONES.sub("", _APOSTROPHES.sub("", text))
    # Compatibility folding can make one character many ("\ufdfa" becomes 18), so the cut is made again.
    decomposed = unicodedata.normalize("NFKD", text)[:MAX_MESSAGE_CHARS]
    return "".join(char for char in decomposed if unicodedata.category(char) not in {"Mn", "Cf"})
