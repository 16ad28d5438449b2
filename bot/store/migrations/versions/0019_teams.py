"""A conversation's team has a column of its own: who may read it is asked by every list."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that knows none of it leaves the team as it was."""

CONVERSATIONS = sa.table(
    "conversations", sa.column("conversation_id"), sa.column("prospect_id"), sa.column("episode"), sa.column("team")
)
PROSPECTS = sa.table("prospects", sa.column("prospect_id"), sa.column("slots"))
BATCH = 500


def upgrade() -> None:
    """Add a nullable column and fill it from what is known."""
    op.add_column("conversations", sa.Column("team", sa.Text(), nullable=True))
    conn = op.get_bind()
    slots = sa.cast(PROSPECTS.c.slots, sa.Text)
    named = sa.or_(CONVERSATIONS.c.episode.like('%"team"%'), slots.like('%"team"%'))
    rows = conn.execute(
        sa.select(CONVERSATIONS.c.conversation_id, CONVERSATIONS.c.episode, slots)
        .join(PROSPECTS, PROSPECTS.c.prospect_id == CONVERSATIONS.c.prospect_id)
        .where(named)
    ).all()
    found = [{"id": row[0], "of": team} for row in rows if (team := _team(row[1], row[2]))]
    put = sa.update(CONVERSATIONS).where(CONVERSATIONS.c.conversation_id == sa.bindparam("id")).values(team=sa.bindparam("of"))
    for start in range(0, len(found), BATCH):
        conn.execute(put, found[start : start + BATCH])


def downgrade() -> None:
    """Drop it again."""
    op.drop_column("conversations", "team")


def _team(episode: str | None, slots: str) -> str | None:
    for doc in (episode, slots):
        team = (json.loads(doc) or {}).get("team") if doc else None
        if isinstance(team, str) and team.strip():
            return team.strip().lower()
    return None
