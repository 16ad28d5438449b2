"""The whole of the contract."""

from __future__ import annotations

from typing import Protocol

from bot.store.answering import AnswerStore
from bot.store.auditing import AuditStore
from bot.store.contract.claims import ClaimStore
from bot.store.contract.desk import DeskStore
from bot.store.contract.history import HistoryStore
from bot.store.contract.messages import MessageStore
from bot.store.contract.outbox import OutboxStore
from bot.store.contract.people import PeopleStore
from bot.store.contract.search import SearchStore
from bot.store.contract.talks import TalkStore
from bot.store.flowbook import FlowStore
from bot.store.hooking import HookStore
from bot.store.importing import ImportStore
from bot.store.marketing import MarketStore
from bot.store.noticing import NoticeStore
from bot.store.promised import PromiseStore
from bot.store.remembering import RememberingStore


class Store(
    TalkStore,
    OutboxStore,
    ClaimStore,
    MessageStore,
    SearchStore,
    DeskStore,
    HistoryStore,
    PeopleStore,
    AnswerStore,
    AuditStore,
    FlowStore,
    MarketStore,
    NoticeStore,
    HookStore,
    ImportStore,
    RememberingStore,
    PromiseStore,
    Protocol,
):
    """Durable state, shared by several services or belonging to one process. Every method may raise `StoreUnavailable`."""

    async def migrate(self) -> None:
        """Bring the schema up to date; safe to call by several processes at once and again and again. A database that a newer
        version has migrated is used as it is if that version says so; else raises `SchemaTooNew`."""

    async def ping(self) -> None:
        """Prove that the database can be read and written."""

    async def close(self) -> None:
        """Let go of every connection."""

    async def setting(self, name: str) -> str | None:
        """A small stored value, such as a generated secret."""

    async def put_setting(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """Store it; with `if_absent` an existing value stays and is returned."""
