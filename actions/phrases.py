"""What people say, made fit to be stored in a slot and said back to them."""

import re
from typing import Final, NamedTuple

MAX_SLOT_CHARS: Final = 200
MAX_SPOKEN_CHARS: Final = 40
MAX_SPOKEN_WORDS: Final = 6
MAX_NAME_CHARS: Final = 30

_OPENER = re.compile(
    r"^(?:(?:hi|hey|hello|hiya|yeah|yes|yep|well|so|ok|okay|oh|um|juno|there)\b[\s,.!:-]*)+",
    re.IGNORECASE,
)
_ADVERB = r"(?:mostly |mainly |just |also |only |actually )?"
_SELLS = re.compile(
    rf"(?:\b(?:i|we|(?:my|our) \w+)(?:(?:'re|'m|re|m| are| am))?\s+{_ADVERB}"
    r"(?:sells?|makes?|bakes?|ships?|imports?|roasts?|designs?|prints?|rents? out|produces?|selling|making|shipping)"
    rf"|^{_ADVERB}(?:selling|making|dropshipping|reselling))\s+(?P<what>.+)",
    re.IGNORECASE,
)
_RUNS = re.compile(rf"\b(?:i|we)\s+{_ADVERB}(?:run|own|manage|opened|started)\s+(?P<what>.+)", re.IGNORECASE)
_IS = re.compile(
    r"^(?:(?:i|we)\s+(?:have|got|do)(?:\s+got)?"
    r"|(?:i've|ive|we've|weve) got"
    r"|i'm|im|i am|we're|we are|it's|its|it is|mostly|mainly)\s+(?P<what>.+)",
    re.IGNORECASE,
)
# Where the thing itself ends and the circumstances begin.
_TAIL = re.compile(
    r"\s*(?:[.,;:!?()\n]|\s-\s|\s(?:on(?! demand)|from|in|at|through|via|for|with|and (?:i|we|sell|ship)|but|which|that"
    r"|so|since|mostly|mainly|nothing|just|online(?! \w))\b).*$",
    re.IGNORECASE | re.DOTALL,
)
_NEEDS_ARTICLE = re.compile(
    r"^(?!(?:a|an|the|your|this|one|two|three|several|some)\b).*\b(?:shop|store|brand|label|studio|salon|caf[eé]|bakery"
    r"|restaurant|gym|business|company|agency|bar|boutique|spa|clinic|school|service|garage|farm|brewery|market|startup"
    r"|franchise)$",
    re.IGNORECASE,
)
_PERSONAL = re.compile(r"\b(?:i|im|i'm|me|we|us|you|he|she|they|wife|husband|partner)\b", re.IGNORECASE)
_NOT_SPOKEN = re.compile(r"[^\w\s'&-]")
_NAME = re.compile(
    r"\b(?:(?:my )?name(?:'s| is|s)?|(?:i'm|im) called|calls? me|i go by|i am|i'm|im|this is|it's|its|mine is)"
    r"\s+(?:just\s+)?(?P<name>[^\W\d_][\w'-]*)",
    re.IGNORECASE,
)
_NAME_FIRST = re.compile(r"^(?P<name>[^\W\d_][\w'-]*)(?:\s+here\b|,)", re.IGNORECASE)
# fmt: off
_NOT_A_NAME: Final = frozenset((
    "a", "an", "the", "so", "very", "not", "just", "really", "still", "also", "now", "from", "in", "on", "at", "here",
    "there", "good", "fine", "ok", "okay", "great", "well", "sorry", "busy", "looking", "interested", "new", "back",
    "happy", "sure", "mr", "mrs", "ms", "miss", "dr", "hi", "hey", "hello", "yes", "yeah", "no", "oh", "and", "but",
    "bored", "tired", "lost", "confused", "ready", "sick", "broke", "hungry", "done", "wondering", "asking", "trying",
    "curious",
))
# fmt: on


def cleaned(value: object, *, max_chars: int = MAX_SLOT_CHARS) -> str | None:
    """A slot value of at most max_chars characters with single spaces, or None when nothing is left."""
    if value is None:
        return None
    text = " ".join("".join(ch if ch.isprintable() else " " for ch in str(value)).split())
    return text[:max_chars].rstrip() or None


def without_opener(text: str) -> str:
    """The text after "hey", "well, yes," and the like, with the straight apostrophes that all patterns here expect."""
    return _OPENER.sub("", text.replace("’", "'").strip())


class Business(NamedTuple):
    """A business as somebody told it: the phrase that can be said back, and how it was told."""

    phrase: str | None
    sells: bool  # the phrase names goods: "i sell candles"
    stated: bool  # told in so many words: "i run a gym", not just "gym"


def business_in(text: str) -> Business:
    """The noun phrase for somebody's business in their own words.

    "i sell candles online" gives "candles", "we're a small bakery in leeds" gives "a small bakery"; the phrase is None
    when none is short and plain enough to be said back.
    """
    said = without_opener(text)
    sells = _SELLS.search(said)
    match = sells or _RUNS.search(said) or _IS.match(said)
    phrase = match["what"] if match else said
    return Business(spoken(_TAIL.sub("", phrase)), sells is not None, match is not None)


def spoken(phrase: str | None) -> str | None:
    """The phrase as it can stand in one of our sentences ("for ..."), or None if it would read badly there."""
    if phrase is None:
        return None
    bare = " ".join(_NOT_SPOKEN.sub("", phrase).split())
    bare = re.sub(r"^(?:my|our)\b", "your", bare, flags=re.IGNORECASE)
    bare = re.sub(r"^(?:some|like|kind of)\s+", "", bare, flags=re.IGNORECASE)
    if bare[1:].islower():
        bare = bare[0].lower() + bare[1:]
    if _NEEDS_ARTICLE.match(bare):
        bare = f"{'an' if bare[0] in 'aeiou' else 'a'} {bare}"
    too_long = len(bare) > MAX_SPOKEN_CHARS or len(bare.split()) > MAX_SPOKEN_WORDS
    if too_long or _PERSONAL.search(bare) or not re.search(r"[^\W\d_]{3}", bare):
        return None
    return bare


def first_name_in(text: str) -> str | None:
    """The first name in "hi, im sara" or "Lucy here", capitalised; None if no word looks like one."""
    said = without_opener(text)
    for match in (*_NAME.finditer(said), *_NAME_FIRST.finditer(said)):
        name = match["name"].strip("'-")
        if name.lower() not in _NOT_A_NAME and 1 < len(name) <= MAX_NAME_CHARS:
            return name if not name.islower() else name[0].upper() + name[1:]
    return None


_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w@.])\+?\d(?:[\s().-]{0,2}\d){6,14}(?!\w)")


def email_in(text: str) -> str | None:
    """The first e-mail address in the text."""
    match = _EMAIL.search(text)
    return match.group().rstrip(".") if match else None


def phone_in(text: str) -> str | None:
    """The first run of 7 to 15 digits that looks like a telephone number, as it was written."""
    match = _PHONE.search(text)
    return match.group().strip() if match else None
