"""Webhooks: who subscribes to which events, and what is to be told. The database itself writes the latter with each line of the
journal, whichever version writes the line."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Id, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: an earlier version's lines are told as well."""

SQLITE = """
    CREATE TRIGGER journal_told AFTER INSERT ON journal WHEN EXISTS (SELECT 1 FROM hook_kinds) BEGIN
      INSERT OR IGNORE INTO tellings (hook_id, journal_id, due_at, attempts)
      SELECT DISTINCT hook_id, NEW.journal_id, NEW.at, 0 FROM hook_kinds
      WHERE kind IN (NEW.kind, substr(NEW.kind, 1, instr(NEW.kind, '.')) || '*', '*');
    END
"""
POSTGRESQL = (
    """
    CREATE FUNCTION warmline_tell() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO tellings (hook_id, journal_id, due_at, attempts)
        SELECT DISTINCT hook_id, NEW.journal_id, NEW.at, 0 FROM hook_kinds
        WHERE kind IN (NEW.kind, split_part(NEW.kind, '.', 1) || '.*', '*')
        ON CONFLICT DO NOTHING;
        RETURN NULL;
      END
    $$
    """,
    "CREATE TRIGGER journal_told AFTER INSERT ON journal FOR EACH ROW EXECUTE FUNCTION warmline_tell()",
)


def upgrade() -> None:
    """Make three tables and the trigger."""
    op.create_table(
        "hooks",
        sa.Column("hook_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("hook_id", name=op.f("pk_hooks")),
    )
    op.create_table(
        "hook_kinds",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hook_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "hook_id", name=op.f("pk_hook_kinds")),
        sa.ForeignKeyConstraint(["hook_id"], ["hooks.hook_id"], name=op.f("fk_hook_kinds_hook_id")),
    )
    op.create_table(
        "tellings",
        sa.Column("telling_id", Id, nullable=False),
        sa.Column("hook_id", sa.Text(), nullable=False),
        sa.Column("journal_id", Id, nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("parked_at", UtcDateTime(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("held_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("telling_id", name=op.f("pk_tellings")),
        sa.ForeignKeyConstraint(["hook_id"], ["hooks.hook_id"], name=op.f("fk_tellings_hook_id")),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.journal_id"], name=op.f("fk_tellings_journal_id")),
        sa.UniqueConstraint("hook_id", "journal_id", name=op.f("uq_tellings_hook_id_journal_id")),
    )
    waiting = sa.text("parked_at IS NULL")
    op.create_index(
        "ix_tellings_due", "tellings", ["hook_id", "due_at", "telling_id"], sqlite_where=waiting, postgresql_where=waiting
    )
    for statement in (SQLITE,) if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Drop them again."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER journal_told")
    else:
        op.execute("DROP TRIGGER journal_told ON journal")
        op.execute("DROP FUNCTION warmline_tell()")
    op.drop_table("tellings")
    op.drop_table("hook_kinds")
    op.drop_table("hooks")
