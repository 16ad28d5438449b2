"""What must survive a kill: tables, queries and migrations behind one contract."""

from bot.store.sql import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
