"""Stop and start in plain words, understood without the brain, so that a stop holds even while it is away.

Other wordings reach the same end through the brain's `opt_out` directive.
"""

from __future__ import annotations

import re

_STOP = re.compile(
    r"""(please\s+|pls\s+|ok\s+|just\s+)*
    (stop(\s+(it|this|that|now|please|pls|all|messages?|messaging|texting|writing|sending|contacting|spamming)\b.*)?
    |unsubscribe(\s+me)?|opt\s?-?out|no\s+more\s+messages?|leave\s+me\s+alone
    |(do\s+not|don'?t|dont)\s+(message|text|write|contact)(\s+to)?\s+me(\s+(again|any\s?more|ever))?
    |remove\s+me(\s+from\s+.*)?|take\s+me\s+off(\s+.*)?)""",
    re.VERBOSE,
)
_START = re.compile(r"(please\s+)?(start|unstop|subscribe|opt\s?-?in)(\s+again)?")


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[^\w\s'-]", " ", text.replace("’", "'"))).strip().lower()


def is_stop(text: str) -> bool:
    """True if the whole message asks us to stop writing."""
    return _STOP.fullmatch(_plain(text)) is not None


def is_start(text: str) -> bool:
    """True if the whole message allows us to write again."""
    return _START.fullmatch(_plain(text)) is not None
