"""Segments: the groups of people that flows name, by what is known of a person apart from any flow. Pure.

Three places of a flow name one: a trigger `segment`, a trigger `tag`, and the `audience`. The same group is one segment, whichever
flows name it and wherever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.store.importing import Contact
from nurture.conditions import known_of
from nurture.flow import Audience, Condition, Flow
from studio.outline import lasts

type Who = Condition | Audience


class Does(StrEnum):
    """What a flow does with a segment: it starts when somebody comes into it, or nobody else may enter."""

    STARTS = "starts"
    MAY_ENTER = "may_enter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A flow that names the segment, and in which field of its file."""

    flow_id: str
    name: str
    does: Does
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A group of people; `segment_id` stands for what it says of them, so it is the same as long as that is."""

    segment_id: str
    who: Who
    uses: Sequence[Use]

    @property
    def says(self) -> str:
        """Who they are, in words."""
        found = ", ".join(_words(self.who))
        return found[:1].upper() + found[1:]

    def has(self, contact: Contact, now: datetime) -> bool:
        """Whether this person is in it now."""
        if isinstance(self.who, Condition):
            return known_of(self.who, contact, now)
        tags = set(contact.tags)
        on_channel = not self.who.channels or contact.identity.channel in self.who.channels
        return on_channel and self.who.tags <= tags and not self.who.not_tags & tags


def segments(flows: Mapping[str, Flow]) -> list[Segment]:
    """Every segment of these flows, by what it says."""
    uses: dict[Who, list[Use]] = {}
    for _, flow in sorted(flows.items()):
        for who, does, field in _named(flow):
            use = Use(flow_id=flow.flow_id, name=flow.name, does=does, field=field)
            known = uses.setdefault(who, [])
            known += [] if use in known else [use]
    made = [Segment(segment_id=_id(who), who=who, uses=tuple(of)) for who, of in uses.items()]
    return sorted(made, key=lambda segment: (segment.says, segment.segment_id))


def _named(flow: Flow) -> Iterator[tuple[Who, Does, str]]:
    for trigger in flow.triggers:
        if trigger.segment:
            yield trigger.segment, Does.STARTS, "trigger.segment"
        if trigger.kind == "tag":
            for name in sorted(trigger.names):
                yield Condition(tag=name), Does.STARTS, "trigger.tag"
    audience = flow.audience
    if audience == Audience(tags=audience.tags) and len(audience.tags) == 1:
        yield Condition(tag=min(audience.tags)), Does.MAY_ENTER, "audience"
    elif audience != Audience():
        yield audience, Does.MAY_ENTER, "audience"


def _id(who: Who) -> str:
    """Of what it says alone; sets have no order of their own."""
    silence = who.silence.total_seconds() if isinstance(who, Condition) and who.silence else None
    said = (
        ["audience", sorted(who.tags), sorted(who.not_tags), sorted(who.channels)]
        if isinstance(who, Audience)
        else ["condition", who.slot, sorted(who.values), sorted(who.mentions), who.tag, who.warmth_at_least, silence]
    )
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]


def _words(who: Who) -> Iterator[str]:
    if isinstance(who, Audience):
        if who.tags:
            yield f"tagged {' and '.join(sorted(who.tags))}"
        if who.not_tags:
            yield f"not tagged {' or '.join(sorted(who.not_tags))}"
        if who.channels:
            yield f"on {' or '.join(sorted(who.channels))}"
        return
    if who.tag:
        yield f"tagged {who.tag}"
    if who.slot and who.values:
        yield f"{who.slot} is {' or '.join(sorted(who.values))}"
    if who.slot and who.mentions:
        yield f"{who.slot} mentions {' or '.join(sorted(who.mentions))}"
    if who.slot and not (who.values or who.mentions):
        yield f"{who.slot} is known"
    if who.warmth_at_least:
        yield f"warmth of {who.warmth_at_least} or more"
    if who.silence:
        yield f"silent for {lasts(who.silence)} or longer"
