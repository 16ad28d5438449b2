"""The store's contract: what any store must do, whatever lies beneath.

One transaction a method; a method that raises has changed nothing. All datetimes are aware and in UTC.
"""

from bot.store.contract.claims import LONGEST_CLAIM, ClaimStore
from bot.store.contract.desk import NOBODY, Counts, DeskStore, Filter, Overview, Waiting
from bot.store.contract.errors import (
    AgentFull,
    AlreadyExists,
    NotFound,
    SchemaTooNew,
    StoreError,
    StoreUnavailable,
    TimeTaken,
    VersionConflict,
)
from bot.store.contract.history import Handed, HistoryStore, JournalLine
from bot.store.contract.messages import Message, MessageStore, Note
from bot.store.contract.outbox import Echoed, OutboxStore, Outgoing, Parked
from bot.store.contract.people import Agent, Consoles, PeopleStore
from bot.store.contract.search import Found, Hit, SearchStore, Similar
from bot.store.contract.store import Store
from bot.store.contract.talks import Committed, DueClock, Loaded, TakenIn, TalkStore

__all__ = [
    "LONGEST_CLAIM",
    "NOBODY",
    "Agent",
    "AgentFull",
    "AlreadyExists",
    "ClaimStore",
    "Committed",
    "Consoles",
    "Counts",
    "DeskStore",
    "DueClock",
    "Echoed",
    "Filter",
    "Found",
    "Handed",
    "HistoryStore",
    "Hit",
    "JournalLine",
    "Loaded",
    "Message",
    "MessageStore",
    "NotFound",
    "Note",
    "OutboxStore",
    "Outgoing",
    "Overview",
    "Parked",
    "PeopleStore",
    "SchemaTooNew",
    "SearchStore",
    "Similar",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "TakenIn",
    "TalkStore",
    "TimeTaken",
    "VersionConflict",
    "Waiting",
]
