"""Answers by the key of their request, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.store.answering import ACTING_FOR, ANSWERS_KEPT, Begun, Known


@dataclass
class _Kept:
    request: str
    at: datetime
    status: int | None = None
    body: str = ""


class Answers:
    """See `bot.store.answering.AnswerStore`."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], _Kept] = {}

    async def begin_answer(self, agent_id: str, key: str, *, request: str, now: datetime) -> Begun:
        """See `AnswerStore.begin_answer`."""
        kept = self._answers.get((agent_id, key))
        if kept is None or kept.at <= now - ANSWERS_KEPT or (kept.status is None and kept.at <= now - ACTING_FOR):
            self._answers[agent_id, key] = _Kept(request, now)
            return Begun(known=Known.NEW)
        if kept.request != request:
            return Begun(known=Known.OTHER)
        if kept.status is None:
            return Begun(known=Known.ACTING)
        return Begun(known=Known.ANSWERED, status=kept.status, body=kept.body)

    async def keep_answer(self, agent_id: str, key: str, *, status: int, body: str) -> None:
        """See `AnswerStore.keep_answer`."""
        kept = self._answers.get((agent_id, key))
        if kept is not None:
            kept.status, kept.body = status, body

    async def drop_answer(self, agent_id: str, key: str) -> None:
        """See `AnswerStore.drop_answer`."""
        kept = self._answers.get((agent_id, key))
        if kept is not None and kept.status is None:
            del self._answers[agent_id, key]
