"""Contacts that come in by the thousand, and all of them going out, over SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.events import Decision
from bot.core.model import Identity, State
from bot.store import turn
from bot.store.codec import (
    clock_values,
    doc_text,
    enrolment_values,
    enrolments_text,
    journal_values,
    profile_of,
    profile_text,
    touches_of,
    window_values,
)
from bot.store.contract import NotFound, StoreError
from bot.store.importing import MERGED, NEW, UNCHANGED, Contact, Decider, Imported, ImportRun
from bot.store.intake import POSITIONS, find_conversation, new_conversation
from bot.store.jsontext import Record, Values
from bot.store.sight import team_of
from bot.store.tables import clocks, conversations, enrolments, identities, imports, journal, prospects
from bot.store.upsert import Upsert

_BEGIN = Upsert(imports, ("import_id",))
_RUN = sa.select(imports).where(imports.c.import_id == sa.bindparam("wanted"))
_LOCKED = _RUN.with_for_update()
_ADVANCE = sa.update(imports).where(imports.c.import_id == sa.bindparam("wanted"))
_KNOWN = sa.select(conversations.c.external_id, conversations.c.conversation_id).where(
    conversations.c.channel == sa.bindparam("channel"),
    conversations.c.external_id.in_(sa.bindparam("external_ids", expanding=True)),
)
_TOLD = ("conversation_id", "channel", "external_id", "created_at", "opted_out_at", "last_inbound_at", "doc")
"""Everybody is read at once: no column more than is told of them."""
_CONTACTS = (
    sa.select(*(conversations.c[name] for name in _TOLD), prospects.c.profile, prospects.c.slots, prospects.c.tags)
    .join(prospects, prospects.c.prospect_id == conversations.c.prospect_id)
    .where(conversations.c.conversation_id > sa.bindparam("after"))
    .order_by(conversations.c.conversation_id)
    .limit(sa.bindparam("limit"))
)


def begin_import(conn: sa.Connection, run: ImportRun) -> ImportRun:
    """See `ImportStore.begin_import`."""
    values = {
        "import_id": run.import_id, "name": run.name, "started_at": run.started_at, "line": run.line, "counts": dict(run.counts),
        "finished_at": run.finished_at,
    }  # fmt: skip
    conn.execute(_BEGIN.on(conn), values)
    found = import_run(conn, run.import_id)
    assert found is not None
    return found


def import_run(conn: sa.Connection, import_id: str) -> ImportRun | None:
    """See `ImportStore.import_run`."""
    row = conn.execute(_RUN, {"wanted": import_id}).first()
    return None if row is None else _run_of(row)


def _run_of(row: Record) -> ImportRun:
    return ImportRun(
        import_id=row.import_id, name=row.name, started_at=row.started_at, line=row.line, counts=row.counts,
        finished_at=row.finished_at,
    )  # fmt: skip


def end_import(conn: sa.Connection, import_id: str, *, now: datetime) -> ImportRun:
    """See `ImportStore.end_import`. Raises `NotFound`."""
    run = import_run(conn, import_id)
    if run is None:
        raise NotFound("import", import_id)
    if run.finished_at is None:
        conn.execute(_ADVANCE.values(finished_at=now), {"wanted": import_id})
        return replace(run, finished_at=now)
    return run


def import_batch(
    conn: sa.Connection,
    import_id: str,
    wanted: Sequence[Identity],
    decide: Decider,
    *,
    line: int,
    rejected: int,
    now: datetime,
    new_id: Callable[[], str],
) -> tuple[list[Imported], list[tuple[str, Decision]]]:
    """See `ImportStore.import_batch`; gives also the decisions that were written. Raises `NotFound`, `VersionConflict`."""
    row = conn.execute(_LOCKED, {"wanted": import_id}).first()
    if row is None:
        raise NotFound("import", import_id)
    if row.line >= line:
        return [], []
    known = _known(conn, wanted)
    strangers = [place for place, identity in enumerate(wanted) if identity not in known]
    # Whoever is there twice is met once; the second time they are known.
    met = {wanted[place]: place for place in reversed(strangers)}
    became: dict[int, Imported] = {}
    written: list[tuple[str, Decision]] = []
    for place, conversation_id, decision in _meet(conn, wanted, sorted(met.values()), decide, now=now, new_id=new_id):
        became[place] = Imported(conversation_id=conversation_id, became=NEW, held=why_held(decision))
        written.append((conversation_id, decision))
    for place, identity in enumerate(wanted):
        if place not in became:
            became[place], decision = _merge(conn, identity, known.get(identity), place, decide, now=now, new_id=new_id)
            written.append((became[place].conversation_id, decision))
    results = [became[place] for place in range(len(wanted))]
    counts = counted(row.counts, results, rejected)
    conn.execute(_ADVANCE.values(line=line, counts=counts), {"wanted": import_id})
    return results, written


def counted(before: Values, results: Iterable[Imported], rejected: int) -> dict[str, int]:
    """The counts of an import after a batch."""
    counts = dict(before)
    for one in results:
        counts[one.became] = counts.get(one.became, 0) + 1
        if one.held:
            counts[f"held:{one.held}"] = counts.get(f"held:{one.held}", 0) + 1
    if rejected:
        counts["rejected"] = counts.get("rejected", 0) + rejected
    return counts


def why_held(decision: Decision) -> str | None:
    """Why the wanted flow did not begin."""
    held = (e.data for e in decision.journal if e.kind == "flow.held" and e.data.get("enrolment") is None)
    return next((str(data["reason"]) for data in held), None)


def _known(conn: sa.Connection, wanted: Sequence[Identity]) -> dict[Identity, str]:
    by_channel: dict[str, list[str]] = {}
    for identity in wanted:
        by_channel.setdefault(identity.channel, []).append(identity.external_id)
    return {
        Identity(channel=channel, external_id=row.external_id): row.conversation_id
        for channel, external_ids in sorted(by_channel.items())
        for row in conn.execute(_KNOWN, {"channel": channel, "external_ids": external_ids})
    }


def _meet(
    conn: sa.Connection, wanted: Sequence[Identity], places: Sequence[int], decide: Decider, *, now: datetime,
    new_id: Callable[[], str],
) -> list[tuple[int, str, Decision]]:  # fmt: skip
    """Write people who are new, each with what was decided, table by table."""
    made = [(place, new_id(), new_id()) for place in places]
    decided = [
        (place, prospect_id, conversation_id, _decision(decide, wanted[place], conversation_id, place, now))
        for place, prospect_id, conversation_id in made
    ]
    if not decided:
        return []
    states = [decision.state for *_, decision in decided]
    conn.execute(
        prospects.insert(),
        [
            {
                "prospect_id": prospect_id, "created_at": now, "profile": profile_text(state.profile), "slots": dict(state.slots),
                "tags": list(state.tags),
            }
            for (_, prospect_id, _, _), state in zip(decided, states, strict=True)
        ],
    )  # fmt: skip
    conn.execute(
        identities.insert(),
        [
            {"channel": s.identity.channel, "external_id": s.identity.external_id, "prospect_id": prospect_id, "created_at": now}
            for (_, prospect_id, _, _), s in zip(decided, states, strict=True)
        ],
    )
    conn.execute(conversations.insert(), [_conversation(prospect_id, d.state, now) for _, prospect_id, _, d in decided])
    rest: tuple[tuple[sa.Table, list[Values]], ...] = (
        (enrolments, [enrolment_values(s.conversation_id, e) for s in states for e in s.enrolments]),
        (clocks, [clock_values(s.conversation_id, c, POSITIONS + n) for s in states for n, c in enumerate(s.clocks)]),
        (journal, [journal_values(c, entry) for _, _, c, decision in decided for entry in decision.journal]),
    )
    for table, rows in rest:
        if rows:
            conn.execute(table.insert(), rows)
    return [(place, conversation_id, decision) for place, _, conversation_id, decision in decided]


def _decision(decide: Decider, identity: Identity, conversation_id: str, place: int, now: datetime) -> Decision:
    decision = decide(State(conversation_id=conversation_id, identity=identity, created_at=now), place)
    must_be_silent(decision)
    return decision


def must_be_silent(decision: Decision) -> None:
    """Raises `StoreError` for a decision that says something, or asks for more than can be written with an import."""
    if decision.say or decision.ask_brain or decision.notify:
        raise StoreError("an import must not say anything")


def _conversation(prospect_id: str, state: State, now: datetime) -> Values:
    values = new_conversation(state.identity, prospect_id, state.conversation_id, now)
    return {
        **values,
        **window_values(state.window),
        "version": 1,
        "opted_out_at": state.opted_out_at,
        "enrolments": enrolments_text(state.enrolments),
        "doc": doc_text(state),
        "team": team_of(state.episode, state.slots),
    }


def _merge(
    conn: sa.Connection, identity: Identity, conversation_id: str | None, place: int, decide: Decider, *, now: datetime,
    new_id: Callable[[], str],
) -> tuple[Imported, Decision]:  # fmt: skip
    """Somebody who is known: decided upon as they stand. Raises `VersionConflict`."""
    conversation_id = conversation_id or find_conversation(conn, identity)
    assert conversation_id is not None
    loaded = turn.load(conn, conversation_id)
    decision = decide(loaded.state, place)
    held = why_held(decision)
    if decision == Decision(state=loaded.state):
        return Imported(conversation_id=conversation_id, became=UNCHANGED, held=held), decision
    must_be_silent(decision)
    turn.commit(conn, conversation_id, version=loaded.version, decision=decision, now=now, new_key=new_id)
    became = MERGED if decision.state != loaded.state else UNCHANGED
    return Imported(conversation_id=conversation_id, became=became, held=held), decision


def contacts(conn: sa.Connection, *, after: str, limit: int) -> list[Contact]:
    """See `ImportStore.contacts`."""
    return [_contact_of(row) for row in conn.execute(_CONTACTS, {"after": after, "limit": limit})]


def _contact_of(row: Any) -> Contact:
    touches = touches_of(row.doc)
    return Contact(
        conversation_id=row.conversation_id,
        identity=Identity(channel=row.channel, external_id=row.external_id),
        created_at=row.created_at,
        profile=profile_of(row.profile),
        tags=tuple(row.tags),
        opted_out_at=row.opted_out_at,
        first_touch=touches.first_touch,
        last_touch=touches.last_touch,
        slots=row.slots,
        last_inbound_at=row.last_inbound_at,
    )
