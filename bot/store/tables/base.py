"""What all tables belong to."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def where(condition: str) -> dict[str, Any]:
    """An index over the rows for which this holds. Queries repeat the text of the condition, else the index is not used."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
