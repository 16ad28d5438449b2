"""The events that can be subscribed to: kinds of lines of the journal, each with what it tells."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from urllib.parse import urlsplit

from bot.core.model import WarmlineError
from bot.store.hooking import EVERYTHING

EVENTS = {
    "prospect.touched": "Somebody came by a link, an ad or a site, or for the first time.",
    "prospect.converted": "A conversion was told, or an agent won somebody.",
    "prospect.happened": "A program told of something that somebody did elsewhere.",
    "prospect.opted_out": "Somebody asked us to stop writing.",
    "prospect.opted_in": "Somebody wants to hear from us again.",
    "turn.heard": "Somebody wrote.",
    "turn.read": "What they wrote was understood, as which intent.",
    "flow.started": "Somebody entered a flow.",
    "flow.step": "They came to a step.",
    "flow.answered": "They answered a question.",
    "flow.called": "A flow asked another program, which answered or not.",
    "flow.assigned": "They were shown an arm of an experiment.",
    "flow.held": "A step is held back, and why.",
    "flow.moved": "They went over to a newer version of the flow.",
    "flow.harmed": "A flow's words did harm: which wording, and how (opted out, complained, angry).",
    "flow.ended": "They left the flow: done, stopped or exited, and why.",
    "episode.opened": "A person is needed.",
    "episode.offered": "An agent was asked.",
    "episode.accepted": "An agent took it.",
    "episode.first_words": "The agent's first words.",
    "episode.breached": "A promised time was missed, and why.",
    "episode.closed": "The agent gave back, with the outcome.",
    "episode.rated": "They rated the help, from 1 to 5.",
    "promise.kept": "Somebody was answered.",
    "promise.broken": "An answer is late.",
    "message.failed": "A message cannot be delivered.",
    "message.parked": "A message waits for an admin.",
}


class BadHook(WarmlineError):
    """A subscription that cannot be. `field` is what is wrong: url, secret or events."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def checked_url(url: str) -> str:
    """The address. Raises `BadHook` for one that nothing can be posted to."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or len(url) > 2000 or not url.isprintable() or " " in url:
        raise BadHook("url", "give an address that begins with https:// or http://")
    if parts.username or parts.password:
        raise BadHook("url", "an address with a password in it ends up in logs; check the signature in its place")
    return url


def checked_events(events: Iterable[str]) -> tuple[str, ...]:
    """The kinds subscribed to; all if none is named. Raises `BadHook` for one that never happens, with the nearest that does."""
    chosen = tuple(dict.fromkeys(events)) or (EVERYTHING,)
    families = {f"{kind.partition('.')[0]}.*" for kind in EVENTS}
    known = [*EVENTS, *sorted(families), EVERYTHING]
    for event in chosen:
        if event not in known:
            near = difflib.get_close_matches(event, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
            raise BadHook("events", f"{event[:60]} is no event{hint}")
    return chosen
