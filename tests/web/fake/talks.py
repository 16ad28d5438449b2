"""Accounts and conversations of the fake service."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

type Json = dict[str, Any]


PATIENCE_S = 20.0
PERSONA: Json = {"name": "Mia", "tagline": "The friendly bot at Sundial", "picture_url": None}


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def now() -> datetime:
    return datetime.now(UTC)


async def until(condition: Callable[[], object]) -> None:
    """Waits for something that happens on another connection, as long as a page may take."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - the condition may be about anything
            await asyncio.sleep(0.02)


def mistake(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


@dataclass(slots=True, kw_only=True)
class Person:
    """An agent's account."""

    id: str
    name: str
    email: str
    role: str
    password: str
    disabled: bool = False
    presence: str = "online"
    picture_url: str | None = None
    skills: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    capacity: float | None = None

    def brief(self) -> Json:
        return {"id": self.id, "name": self.name, "picture_url": self.picture_url}

    def shown(self) -> Json:
        able = {"skills": self.skills, "languages": self.languages, "teams": self.teams, "capacity": self.capacity}
        return {**self.brief(), "email": self.email, "role": self.role, "disabled": self.disabled, **able}


@dataclass(slots=True, kw_only=True)
class Talk:
    """One conversation: what was said and who owes the next words."""

    id: str
    token: str
    name: str
    channel: str = "widget"
    messages: list[Json] = field(default_factory=list)
    pending: list[Json] = field(default_factory=list)
    notes: list[Json] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    owner: str = "bot"
    agent: Person | None = None
    episode: Json | None = None
    waiting_since: str | None = None
    window_closes_at: str | None = None
    human_until: str | None = None
    card: Json = field(default_factory=dict)
    timeline: list[Json] = field(default_factory=list)
    resume: list[Json] = field(default_factory=list)
    snoozed_until: str | None = None
    given_back: Json = field(default_factory=dict)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    hellos: list[Json] = field(default_factory=list)
    read_up_to: int = 0


async def send(socket: web.WebSocketResponse, frame: Json) -> None:
    if not socket.closed:
        with contextlib.suppress(ConnectionResetError):
            await socket.send_json(frame)
