"""Imports and exports of contacts in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.events import Decision
from bot.core.model import Identity, State
from bot.store.contract import NotFound
from bot.store.fake.records import Talk
from bot.store.fake.talks import Talks
from bot.store.importing import MERGED, NEW, UNCHANGED, Contact, Decider, Imported, ImportRun
from bot.store.imports import counted, must_be_silent, why_held


class Imports(Talks):
    """See the module."""

    def __init__(self, mint: Callable[[], str]) -> None:
        super().__init__(mint)
        self._imports: dict[str, ImportRun] = {}

    async def begin_import(self, run: ImportRun) -> ImportRun:
        """See `ImportStore.begin_import`."""
        return self._imports.setdefault(run.import_id, run)

    async def import_run(self, import_id: str) -> ImportRun | None:
        """See `ImportStore.import_run`."""
        return self._imports.get(import_id)

    async def import_batch(
        self, import_id: str, identities: Sequence[Identity], decide: Decider, *, line: int, rejected: int, now: datetime
    ) -> list[Imported]:
        """See `ImportStore.import_batch`."""
        run = self._import(import_id)
        if run.line >= line:
            return []
        for place, identity in enumerate(identities):
            # Whatever is refused is refused before anything is written.
            must_be_silent(decide(self._as_met(identity, now), place))
        results = [await self._import_one(identity, place, decide, now) for place, identity in enumerate(identities)]
        self._imports[import_id] = replace(run, line=line, counts=counted(dict(run.counts), results, rejected))
        return results

    def _import(self, import_id: str) -> ImportRun:
        if import_id not in self._imports:
            raise NotFound("import", import_id)
        return self._imports[import_id]

    def _as_met(self, identity: Identity, now: datetime) -> State:
        conversation_id = self._by_identity.get(identity)
        if conversation_id is not None:
            return self._talks[conversation_id].whole()
        return State(conversation_id="", identity=identity, created_at=now)

    async def _import_one(self, identity: Identity, place: int, decide: Decider, now: datetime) -> Imported:
        conversation_id, met = self._by_identity.get(identity), False
        if conversation_id is None:
            self._mint()  # the prospect's, as for people who write
            conversation_id, met = self._mint(), True
            state = State(conversation_id=conversation_id, identity=identity, created_at=now)
            self._talks[conversation_id] = Talk(state=state, last_at=now)
            self._by_identity[identity] = conversation_id
        talk = self._talks[conversation_id]
        before = talk.whole()
        decision = decide(before, place)
        if decision != Decision(state=before) or met:
            await self.commit(conversation_id, version=talk.version, decision=decision, now=now)
        became = NEW if met else MERGED if decision.state != before else UNCHANGED
        return Imported(conversation_id=conversation_id, became=became, held=why_held(decision))

    async def end_import(self, import_id: str, *, now: datetime) -> ImportRun:
        """See `ImportStore.end_import`. Raises `NotFound`."""
        run = self._import(import_id)
        self._imports[import_id] = replace(run, finished_at=run.finished_at or now)
        return self._imports[import_id]

    async def contacts(self, *, after: str, limit: int) -> list[Contact]:
        """See `ImportStore.contacts`."""
        found = []
        for conversation_id in sorted(self._talks):
            state = self._talks[conversation_id].state
            if conversation_id > after:
                found.append(
                    Contact(
                        conversation_id=conversation_id,
                        identity=state.identity,
                        created_at=state.created_at,
                        profile=state.profile,
                        tags=state.tags,
                        opted_out_at=state.opted_out_at,
                        first_touch=state.first_touch,
                        last_touch=state.last_touch,
                        slots=state.slots,
                        last_inbound_at=state.last_inbound_at,
                    )
                )
        return found[:limit]
