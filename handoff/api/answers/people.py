"""Agents: accounts, presence, and whom to pass a conversation on to."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypedDict


class Face(TypedDict):
    """An agent as colleagues see them on a conversation."""

    id: str
    name: str
    picture_url: str | None


class AgentAnswer(TypedDict):
    """An agent's account."""

    id: str
    name: str
    email: str
    role: Literal["agent", "supervisor", "marketer", "admin"]
    picture_url: str | None
    disabled: bool
    skills: list[str]
    languages: list[str]
    teams: list[str]
    capacity: float | None


class Me(TypedDict):
    """GET me."""

    agent: AgentAnswer
    presence: Literal["online", "away"]
    currency: str
    now: datetime


class OneAgent(TypedDict):
    """An account."""

    agent: AgentAnswer


class Agents(TypedDict):
    """GET agents."""

    agents: list[AgentAnswer]


class PresenceAnswer(TypedDict):
    """POST presence."""

    presence: Literal["online", "away"]


class ColleaguesAnswer(TypedDict):
    """GET colleagues."""

    agents: list[Face]


class PlacesAnswer(TypedDict):
    """GET transfer-places: whom a conversation may be passed on to."""

    agents: list[Face]
    teams: list[str]
