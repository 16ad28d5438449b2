"""Conversations as lists show them, and where words were found."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypedDict

from handoff.api.answers.people import Face


class Due(TypedDict):
    """The clock that counts for who looks."""

    kind: Literal["accept", "first_words", "next_words"]
    due_at: datetime
    started_at: datetime


class EpisodeAnswer(TypedDict):
    """An open episode."""

    id: str
    reason: str
    detail: str
    status: Literal["waiting", "accepted"]
    requested_at: datetime
    accepted_at: datetime | None
    agent: Face | None
    rung: int
    breached: list[str]
    offered_to_me: bool
    clock: Due | None


class Preview(TypedDict):
    """The latest message, shortened."""

    speaker: str
    text: str
    at: datetime


class ItemAnswer(TypedDict):
    """A conversation as the lists show it."""

    id: str
    name: str | None
    picture_url: str | None
    channel: str
    owner: Literal["bot", "waiting", "agent", "closed"]
    owner_version: int
    preview: Preview | None
    last_at: datetime
    waiting_since: datetime | None
    tags: list[str]
    episode: EpisodeAnswer | None
    window_closes_at: datetime | None
    human_until: datetime | None
    snoozed_until: datetime | None


class Items(TypedDict):
    """GET conversations."""

    items: list[ItemAnswer]
    next: str | None
    now: datetime


class OneItem(TypedDict):
    """What a command made of the conversation."""

    item: ItemAnswer


class HitAnswer(TypedDict):
    """Where words were found; `marks` are where they begin and end in `text`, in characters."""

    kind: Literal["name", "message", "note"]
    text: str
    marks: list[tuple[int, int]]
    by: str | None
    at: datetime | None
    seq: int | None


class FoundAnswer(TypedDict):
    """A conversation in which words were found."""

    item: ItemAnswer
    hits: list[HitAnswer]


class Findings(TypedDict):
    """GET search."""

    found: list[FoundAnswer]
    now: datetime


class ViewAnswer(TypedDict):
    """A saved list; empty fields don't matter."""

    name: str
    order: Literal["risk", "latest"]
    channel: str
    reason: str
    team: str
    holder: str
    snoozed: Literal["", "yes", "no"]


class Views(TypedDict):
    """GET and PUT views."""

    views: list[ViewAnswer]
