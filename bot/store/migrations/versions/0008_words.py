"""Messages, notes and names can be searched by their words. The database keeps the index, whichever version writes."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: triggers and expressions index what an earlier version writes, too."""

# As `bot.store.words.fold_char` at this revision: letters of Latin, Greek and Cyrillic scripts that PostgreSQL leaves as they
# are where its locale knows only ASCII.
_FOLDED = {
    char: base if (base := unicodedata.normalize("NFD", char.lower())[0]).isascii() and base.isalpha() else char.lower()
    for char in map(chr, (*range(0xC0, 0x250), *range(0x370, 0x530), *range(0x1E00, 0x1F00)))
    if len(char.lower()) == 1
}
_PAIRS = {char: base for char, base in _FOLDED.items() if base != char}

POSTGRESQL = (
    # A bound on the text, because a vector has one: a message must never be refused for what the index can hold.
    rf"""
    CREATE FUNCTION warmline_words(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT to_tsvector('simple'\:\:regconfig, translate(
        lower(regexp_replace(left(words, 20000), '[!-/\:-@\[-`{{-~[\:space\:]]+', ' ', 'g')),
        '{"".join(_PAIRS)}', '{"".join(_PAIRS.values())}'))
    $$
    """,
    r"""
    CREATE FUNCTION warmline_name(profile text, slots jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT concat_ws(' ', profile\:\:jsonb ->> 'first_name', profile\:\:jsonb ->> 'last_name', slots ->> 'first_name')
    $$
    """,
    "CREATE INDEX ix_messages_words ON messages USING gin (warmline_words(text)) WHERE seq IS NOT NULL",
    "CREATE INDEX ix_notes_words ON notes USING gin (warmline_words(text))",
    "CREATE INDEX ix_prospects_words ON prospects USING gin (warmline_words(warmline_name(profile, slots)))",
)

_NAME = """trim(coalesce(json_extract({row}.profile, '$.first_name'), '') || ' ' || coalesce(json_extract({row}.profile,
'$.last_name'), '') || ' ' || coalesce(json_extract({row}.slots, '$.first_name'), ''))"""


def _index_of(table: str, key: str, text: str) -> tuple[str, ...]:
    """A full-text index that keeps no text of its own, and what keeps it true."""
    gone = f"INSERT INTO {table}_words({table}_words, rowid, {text}) VALUES ('delete', old.{key}, old.{text})"
    come = f"INSERT INTO {table}_words(rowid, {text}) VALUES (new.{key}, new.{text})"
    return (
        f"""CREATE VIRTUAL TABLE {table}_words USING fts5({text}, content='{table}', content_rowid='{key}',
            tokenize='unicode61 remove_diacritics 2')""",
        f"INSERT INTO {table}_words({table}_words) VALUES ('rebuild')",
        f"CREATE TRIGGER {table}_words_come AFTER INSERT ON {table} BEGIN {come}; END",
        f"CREATE TRIGGER {table}_words_gone AFTER DELETE ON {table} BEGIN {gone}; END",
        f"CREATE TRIGGER {table}_words_changed AFTER UPDATE OF {text} ON {table} WHEN old.{text} <> new.{text} BEGIN {gone}; {come}; END",
    )


SQLITE = (
    # The rowid of prospects may change when the file is compacted, so names have numbers of their own.
    "CREATE TABLE names (name_id INTEGER PRIMARY KEY, prospect_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL)",
    f"INSERT INTO names (prospect_id, name) SELECT prospect_id, {_NAME.format(row='prospects')} FROM prospects",
    *_index_of("messages", "message_id", "text"),
    *_index_of("notes", "note_id", "text"),
    *_index_of("names", "name_id", "name"),
    f"""CREATE TRIGGER prospects_named AFTER INSERT ON prospects BEGIN
        INSERT INTO names (prospect_id, name) VALUES (new.prospect_id, {_NAME.format(row="new")}); END""",
    f"""CREATE TRIGGER prospects_renamed AFTER UPDATE OF profile, slots ON prospects
        WHEN {_NAME.format(row="old")} <> {_NAME.format(row="new")} BEGIN
        UPDATE names SET name = {_NAME.format(row="new")} WHERE prospect_id = new.prospect_id; END""",
    """CREATE TRIGGER prospects_unnamed AFTER DELETE ON prospects BEGIN
        DELETE FROM names WHERE prospect_id = old.prospect_id; END""",
)
SQLITE_DOWN = (
    *(f"DROP TRIGGER {name}" for name in ("prospects_named", "prospects_renamed", "prospects_unnamed")),
    *(f"DROP TRIGGER {table}_words_{what}" for table in ("messages", "notes", "names") for what in ("come", "gone", "changed")),
    *(f"DROP TABLE {table}_words" for table in ("messages", "notes", "names")),
    "DROP TABLE names",
)
POSTGRESQL_DOWN = (
    "DROP INDEX ix_messages_words",
    "DROP INDEX ix_notes_words",
    "DROP INDEX ix_prospects_words",
    "DROP FUNCTION warmline_name",
    "DROP FUNCTION warmline_words",
)


def upgrade() -> None:
    """Index what is there, and keep the index from then on."""
    _run(SQLITE if _is_sqlite() else POSTGRESQL)


def downgrade() -> None:
    """Drop the index."""
    _run(SQLITE_DOWN if _is_sqlite() else POSTGRESQL_DOWN)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _run(statements: tuple[str, ...]) -> None:
    for statement in statements:
        op.execute(sa.text(statement))
