"""Who is in which segment."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypedDict


class SegmentUse(TypedDict):
    """A flow that names a segment, and in which field of its file."""

    flow: str
    name: str
    does: Literal["starts", "may_enter"]
    field: str


class SegmentShape(TypedDict):
    """A group of people that flows name; `says` is who they are, in words."""

    id: str
    says: str
    flows: list[SegmentUse]


class SegmentCounted(SegmentShape):
    """With how many are in it, those who opted out among them."""

    people: int
    opted_out: int


class SegmentsAnswer(TypedDict):
    """GET segments: `all` is false where there are more people than are looked at."""

    segments: list[SegmentCounted]
    looked_at: int
    all: bool
    at: datetime


class SegmentPerson(TypedDict):
    """Somebody in a segment."""

    conversation_id: str
    channel: str
    external_id: str
    name: str | None
    tags: list[str]
    last_wrote_at: datetime | None
    opted_out_at: datetime | None


class SegmentPeople(TypedDict):
    """GET segments/{id}: `next` is what `after` is asked with for the next page."""

    segment: SegmentShape
    people: list[SegmentPerson]
    next: str | None
    looked_at: int
