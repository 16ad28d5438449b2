"""A row of a file as a contact, or what is wrong with it, cell by cell. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

from bot.core.events import ContactImported
from bot.core.model import Identity, Profile
from bot.core.touch import clean_referral, clean_url, touch_of
from studio.contacts.columns import SLOT, TOUCH

ZONES = frozenset(available_timezones())
LOCALE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}")
TAG_SIGNS = re.compile(r"[;|,]")
TRUE, FALSE = frozenset({"yes", "y", "true", "1", "x"}), frozenset({"", "no", "n", "false", "0"})
LONGEST = {"external_id": 255, "consent_source": 200, "first_name": 80, "last_name": 80}
LONGEST_SLOT, LONGEST_TAG, MOST_TAGS = 500, 64, 50
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
TODAY = timedelta(days=1)
"""A day that is given without a clock may have begun elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a row is not taken; `column` is as the header names it, empty for the row as a whole."""

    line: int
    column: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the rows of one import are read: header, targets, the channels that there are, and the one for rows without any."""

    import_id: str
    header: tuple[str, ...]
    targets: tuple[str | None, ...]
    channels: frozenset[str]
    channel: str | None
    now: datetime
    flow: str | None = None
    start_at: Callable[[int], datetime] = field(default=lambda _line: OLDEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A contact that can be taken over."""

    line: int
    identity: Identity
    event: ContactImported


def read_row(line: int, cells: Sequence[str], rules: Rules) -> Row | list[Rejection]:
    """The contact in a row, or all that is wrong with it."""
    if len(cells) != len(rules.header):
        return [Rejection(line=line, column="", why=f"{len(cells)} cells, but the header has {len(rules.header)}")]
    named = {target: column for target, column in zip(rules.targets, rules.header, strict=True) if target}
    given = {target: cell.strip() for target, cell in zip(rules.targets, cells, strict=True) if target}
    wrong: list[Rejection] = []

    def reject(target: str, why: str) -> None:
        wrong.append(Rejection(line=line, column=named.get(target, target), why=why))

    for target, value in given.items():
        if (why := _unfit(target, value)) is not None:
            reject(target, why)
    channel = given.get("channel") or rules.channel or ""
    if channel not in rules.channels:
        reject("channel", f"there is no channel {channel!r}" if channel else "no channel is given")
    consent_at = _moment(given.get("consent_at", ""), rules.now)
    if isinstance(consent_at, str):
        reject("consent_at", consent_at)
    if wrong or isinstance(consent_at, str):
        return wrong
    return Row(
        line=line,
        identity=Identity(channel=channel, external_id=given["external_id"]),
        event=_event(line, given, consent_at, channel, rules),
    )


def _event(line: int, given: Mapping[str, str], consent_at: datetime, channel: str, rules: Rules) -> ContactImported:
    referral = clean_referral({name: given[name] for name in TOUCH if given.get(name)})
    return ContactImported(
        import_id=rules.import_id,
        line=line,
        consent_source=given["consent_source"],
        consent_at=consent_at,
        touch=touch_of(referral, at=consent_at, channel=channel),
        profile=Profile(
            first_name=given.get("first_name") or None,
            last_name=given.get("last_name") or None,
            locale=given.get("locale") or None,
            zone=given.get("zone") or None,
        ),
        slots={target.removeprefix(SLOT): value for target, value in given.items() if target.startswith(SLOT) and value},
        tags=tuple(_tags(given.get("tags", ""))),
        opted_out=given.get("opted_out", "").casefold() in TRUE,
        flow=rules.flow,
        start_at=rules.start_at(line),
    )


def _unfit(target: str, value: str) -> str | None:
    """What is wrong with a cell, by itself."""
    if any(0xD800 <= ord(char) <= 0xDFFF for char in value):
        return "not UTF-8"
    if not value.isprintable():
        return "has a line break or another sign that cannot be printed"
    if not value and target in ("external_id", "consent_source"):
        return "is empty"
    longest = LONGEST_SLOT if target.startswith(SLOT) else LONGEST.get(target)
    if longest is not None and len(value) > longest:
        return f"has more than {longest} characters"
    return _unfit_kind(target, value)


def _unfit_kind(target: str, value: str) -> str | None:
    match target:
        case "locale" if value and not LOCALE.fullmatch(value):
            return "is no language such as pt or pt-BR"
        case "zone" if value and value not in ZONES:
            return "is no time zone such as Europe/Lisbon"
        case "opted_out" if value.casefold() not in TRUE | FALSE:
            return "is neither yes nor no"
        case "tags" if (tags := _tags(value)) and (len(tags) > MOST_TAGS or max(map(len, tags)) > LONGEST_TAG):
            return f"has more than {MOST_TAGS} tags, or one of more than {LONGEST_TAG} characters"
        case "referrer" if value and clean_url(value) is None:
            return "is no address such as https://example.com"
        case _:
            return None


def _tags(value: str) -> list[str]:
    return [tag.strip() for tag in TAG_SIGNS.split(value) if tag.strip()]


def _moment(value: str, now: datetime) -> datetime | str:
    """When consent was given, or what is wrong with it."""
    if not value:
        return "is empty: when was consent given?"
    try:
        at = datetime.fromisoformat(value)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return "is no day such as 2026-11-23"
    if at > now + TODAY:
        return "is in the future"
    return min(at, now) if at >= OLDEST else "is too long ago to be true"
