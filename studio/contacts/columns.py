"""Which column of a file is what. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from bot.core.model import WarmlineError
from bot.core.touch import UTM

IGNORED = "-"
SLOT = "slot."
SLOT_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
TOUCH = ("ref", *(f"utm_{name}" for name in UTM), "ad_id", "gclid", "fbclid", "referrer")
PERSON = ("first_name", "last_name", "locale", "zone", "tags", "opted_out")
NEEDED = ("external_id", "consent_source", "consent_at")
TARGETS = ("channel", *NEEDED, *PERSON, *TOUCH)
"""What a column can be; besides `slot.NAME` for a slot, and `-` for what is left out."""

KNOWN_AS = {
    "id": "external_id",
    "psid": "external_id",
    "contact_id": "external_id",
    "messenger_id": "external_id",
    "user_id": "external_id",
    "firstname": "first_name",
    "given_name": "first_name",
    "lastname": "last_name",
    "surname": "last_name",
    "family_name": "last_name",
    "language": "locale",
    "timezone": "zone",
    "time_zone": "zone",
    "tag": "tags",
    "labels": "tags",
    "unsubscribed": "opted_out",
    "opt_out": "opted_out",
    "consent": "consent_source",
    "consent_date": "consent_at",
    "opt_in_date": "consent_at",
    "opted_in_at": "consent_at",
    "subscribed_at": "consent_at",
}
"""Other names under which exports of other tools have them."""


class BadColumns(WarmlineError):
    """The header or the mapping does not fit; the message names the column."""


def folded(name: str) -> str:
    """A column's name without case, spaces and signs."""
    return re.sub(r"[^a-z0-9.]+", "_", name.strip().casefold()).strip("_")


def parse_mapping(given: Sequence[str]) -> dict[str, str]:
    """`Column=target` as a dictionary, each target one that there is. Raises `BadColumns`."""
    return {column: checked_target(target) for column, target in pairs(given).items()}


def pairs(given: Sequence[str]) -> dict[str, str]:
    """`Column=target` as a dictionary. Raises `BadColumns`."""
    mapping = {}
    for pair in given:
        column, sign, target = pair.rpartition("=")
        if not sign or not column.strip():
            raise BadColumns(f'"{pair}" is no mapping; write Column=target, such as "Messenger id=external_id"')
        mapping[column.strip()] = target.strip()
    return mapping


def checked_target(target: str) -> str:
    """A target that there is. Raises `BadColumns`."""
    named = target.removeprefix(SLOT)
    if target in (*TARGETS, IGNORED) or (target.startswith(SLOT) and SLOT_NAME.fullmatch(named)):
        return target
    near = difflib.get_close_matches(target, TARGETS, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(TARGETS)}, slot.NAME and -"
    raise BadColumns(f'"{target}" is nothing that a column can be{hint}')


def detected(header: Sequence[str], mapping: Mapping[str, str], *, with_channel: bool) -> tuple[str | None, ...]:
    """The target of each column: as mapped, else by its name; None is left out. `with_channel` says that a channel is given for
    all rows. Raises `BadColumns` for two columns with one target, a mapped column that is not there, and a needed one that is
    missing."""
    by_name = {name.strip().casefold(): target for name, target in mapping.items()}
    unknown = [name for name in mapping if name.strip().casefold() not in {column.strip().casefold() for column in header}]
    if unknown:
        raise BadColumns(f'there is no column "{unknown[0]}"; there are {", ".join(header)}')
    targets: list[str | None] = []
    for column in header:
        target = by_name.get(column.strip().casefold()) or _by_name(folded(column))
        target = None if target == IGNORED else target
        if target is not None and target in targets:
            raise BadColumns(
                f'"{header[targets.index(target)]}" and "{column}" are both {target}; leave one out: --mapping "{column}=-"'
            )
        targets.append(target)
    for needed in (*NEEDED, *(() if with_channel else ("channel",))):
        if needed not in targets:
            hint = ", or give --channel for all rows" if needed == "channel" else ""
            raise BadColumns(f'no column is {needed}; say which: --mapping "Column={needed}"{hint}')
    return tuple(targets)


def _by_name(name: str) -> str | None:
    if name in TARGETS or (name.startswith(SLOT) and SLOT_NAME.fullmatch(name.removeprefix(SLOT))):
        return name
    return KNOWN_AS.get(name)
