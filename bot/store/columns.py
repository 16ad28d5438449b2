"""Column types that read the same from every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware datetime in UTC: TIMESTAMPTZ where there is one, else fixed-width ISO 8601 text, which sorts by time.

    A naive datetime is refused with `ValueError`: its instant cannot be known.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, the database's own type elsewhere."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(32))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        """To the database, in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a datetime without a zone cannot be stored: {value!r}")
        utc = value if value.tzinfo is UTC else value.astimezone(UTC)
        return utc.isoformat(timespec="microseconds") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:
        """From the database, aware and in UTC."""
        if value is None:
            return None
        read = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return read.astimezone(UTC)


Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A row id that counts up; SQLite counts only in a column declared INTEGER."""

Json = sa.JSON().with_variant(JSONB(), "postgresql")
"""JSON that queries may look into."""
