"""Breaking what no store would break by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import sqlalchemy as sa

from bot.core.model import ClockKind, Episode, Owner
from bot.store import SqlStore
from bot.store.codec import episode_values
from bot.store.fake import FakeStore
from bot.store.tables import clocks, conversations, episodes, messages


class Wreck(Protocol):
    """Breaks what no store would break by itself."""

    async def lose_clock(self, conversation_id: str, kind: ClockKind, key: str = "") -> None:
        """The clock is gone."""

    async def lose_promise(self, conversation_id: str) -> None:
        """The promise is gone, its clock stays."""

    async def own(self, conversation_id: str, owner: Owner) -> None:
        """The conversation belongs to somebody else."""

    async def change_sent(self, message_id: int, **values: Any) -> None:
        """Something else is on record about a message that was sent."""

    async def second_episode(self, conversation_id: str, episode: Episode) -> None:
        """Another episode is open."""


class FakeWreck:
    """Reaches into the store in memory."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store

    async def lose_clock(self, conversation_id: str, kind: ClockKind, key: str = "") -> None:
        self._store._stop_clock(self._store._talk(conversation_id), (kind, key))

    async def lose_promise(self, conversation_id: str) -> None:
        self._store._talk(conversation_id).promise = None

    async def own(self, conversation_id: str, owner: Owner) -> None:
        talk = self._store._talk(conversation_id)
        talk.state = replace(talk.state, owner=owner)

    async def change_sent(self, message_id: int, **values: Any) -> None:
        for name, value in values.items():
            setattr(self._store._lines[message_id], name, value)

    async def second_episode(self, conversation_id: str, episode: Episode) -> None:
        self._store._talk(conversation_id).episodes[episode.episode_id] = episode


class SqlWreck:
    """Writes to the tables behind the store's back."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def run(self, *statements: Any) -> None:
        def job(conn: sa.Connection) -> None:
            for statement in statements:
                conn.execute(statement)

        await self._store._write.run(job)

    async def lose_clock(self, conversation_id: str, kind: ClockKind, key: str = "") -> None:
        of = (clocks.c.conversation_id == conversation_id, clocks.c.kind == kind.value, clocks.c.key == key)
        await self.run(sa.delete(clocks).where(*of))

    async def lose_promise(self, conversation_id: str) -> None:
        gone: dict[str, Any] = dict.fromkeys(("promise_opened_at", "promise_due_at", "promise_message_id"))
        await self.run(sa.update(conversations).where(conversations.c.conversation_id == conversation_id).values(**gone))

    async def own(self, conversation_id: str, owner: Owner) -> None:
        of = conversations.c.conversation_id == conversation_id
        await self.run(sa.update(conversations).where(of).values(owner=owner.value))

    async def change_sent(self, message_id: int, **values: Any) -> None:
        await self.run(sa.update(messages).where(messages.c.message_id == message_id).values(**values))

    async def second_episode(self, conversation_id: str, episode: Episode) -> None:
        values = episode_values(conversation_id, episode)
        await self.run(sa.text("DROP INDEX ix_episodes_open"), episodes.insert().values(**values))
