"""By what a person came to us: what channels tell of it, kept only in the shapes we use, and which of it is a touch. Pure.

Addresses keep no query but the campaign's marks, and no fragment: a link may carry a session, an e-mail address or a search.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from bot.core.model import Heard, Json, State, Touch

LONGEST_MARK, LONGEST_URL = 200, 500
UTM = ("source", "medium", "campaign", "term", "content")
CLICK_IDS = ("gclid", "fbclid")
MARKS = frozenset({"ref", *CLICK_IDS, *(f"utm_{name}" for name in UTM)})
"""Parameters of a link that tell where it was put."""

FIELDS = tuple(f.name for f in fields(Touch) if f.name not in ("at", "channel"))
_SAME = tuple(name for name in FIELDS if name not in ("page", "ad_title"))
DIRECT = "direct"


def clean_url(raw: Any) -> str | None:
    """An address of the web without what is nobody's business; None for what is none."""
    if not isinstance(raw, str):
        return None
    try:
        parts = urlsplit(raw.strip()[:4000])
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    kept = [(name, value[:LONGEST_MARK]) for name, value in parse_qsl(parts.query, max_num_fields=None) if name in MARKS]
    return urlunsplit((parts.scheme, netloc, parts.path, urlencode(kept), ""))[:LONGEST_URL]


def clean_referral(raw: Any) -> dict[str, Any]:
    """What a client says of how the person came: `url`, `referrer`, `ref`, `ad_id`, `ad_title`, `gclid`, `fbclid`, `type`, `source`
    (the channel's own word) and `utm` (or `utm_source` and so on). Marks that only the address carries are taken from there. A
    referrer of the same site is none."""
    if not isinstance(raw, Mapping):
        return {}
    url, referrer = clean_url(raw.get("url")), clean_url(raw.get("referrer"))
    in_url = dict(parse_qsl(urlsplit(url).query)) if url else {}
    given = raw.get("utm")
    utm_given: Mapping[Any, Any] = given if isinstance(given, Mapping) else {}
    utm = {name: _mark(utm_given.get(name) or raw.get(f"utm_{name}") or in_url.get(f"utm_{name}")) for name in UTM}
    told: dict[str, Any] = {name: _mark(raw.get(name) or in_url.get(name)) for name in ("ref", *CLICK_IDS)}
    told |= {name: _mark(raw.get(name)) for name in ("ad_id", "ad_title", "type", "source")}
    told |= {"url": url, "utm": {name: value for name, value in utm.items() if value}}
    if referrer and (url is None or urlsplit(referrer).hostname != urlsplit(url).hostname):
        told["referrer"] = urlunsplit(urlsplit(referrer)._replace(query=""))
    return {name: value for name, value in told.items() if value}


def touch_of(referral: Json, *, at: datetime, channel: str) -> Touch:
    """The touch that a referral tells of; an empty one is direct."""
    utm = referral.get("utm")
    told = {name: _mark(utm.get(name)) for name in UTM} if isinstance(utm, Mapping) else {}
    names = ("ref", "ad_id", "ad_title", *CLICK_IDS, "referrer")
    told |= {name: _mark(referral.get(name), LONGEST_URL if name == "referrer" else LONGEST_MARK) for name in names}
    return Touch(at=at, channel=channel, page=_mark(referral.get("url"), LONGEST_URL), **told)


def is_direct(touch: Touch) -> bool:
    """Whether nothing tells how they came."""
    return all(getattr(touch, name) is None for name in _SAME)


def same_marks(one: Touch | None, other: Touch) -> bool:
    """Whether both tell the same of how the person came: a page says it with every message."""
    return one is not None and all(getattr(one, name) == getattr(other, name) for name in _SAME)


def source_of(touch: Touch | None) -> str:
    """The source that reports name: the link's, else `ad`, the referring site, `link` for a bare ref, or `direct`."""
    if touch is None:
        return DIRECT
    if touch.source:
        return touch.source
    if touch.ad_id:
        return "ad"
    if touch.gclid or touch.fbclid:
        return "google" if touch.gclid else "facebook"
    if touch.referrer:
        return urlsplit(touch.referrer).hostname or DIRECT
    return "link" if touch.ref else DIRECT


def told(touch: Touch) -> dict[str, str]:
    """A touch as data of a journal line, without what was not told."""
    return {name: value for name in FIELDS if (value := getattr(touch, name)) is not None}


def touch_from(data: Json, *, at: datetime, channel: str) -> Touch:
    """The touch that `told` made data of."""
    return Touch(at=at, channel=channel, **{name: data[name] for name in FIELDS if data.get(name) is not None})


def touches(state: State, heard: Iterable[Heard]) -> list[Touch]:
    """The touches that a burst brings, oldest first. The very first is one even if it is direct; a later one is if it is not, and
    tells something else than the one before. People known from before touches were kept came by what their slot says.
    """
    channel, last, found = state.identity.channel, state.last_touch, list[Touch]()
    known = state.first_touch is not None
    if not known and state.turns > 0:
        found.append(touch_of(_mapping(state.slots.get("referral")), at=state.created_at, channel=channel))
        known, last = True, None if is_direct(found[0]) else found[0]
    for message in heard:
        landing = _mapping(message.metadata.get("landing"))
        for referral in (landing, _mapping(message.metadata.get("referral"))):
            if referral is landing and (known or not landing):
                # Where they landed first matters to the first touch alone; the browser tells it every time.
                continue
            touch = touch_of(referral, at=message.at, channel=channel)
            if not known or not (is_direct(touch) or same_marks(last, touch)):
                found.append(touch)
                known, last = True, last if is_direct(touch) else touch
    return found


def _mapping(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _mark(value: Any, longest: int = LONGEST_MARK) -> str | None:
    """A mark as text; what is neither text nor number is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return "".join(c for c in str(value) if c.isprintable()).strip()[:longest] or None
