"""`warmline reports flows`, `warmline reports sources` and `warmline keys`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table as Screen

from bot import settings
from bot.core.model import WarmlineError
from bot.reporting import WIDTH, BadRange, Form, moment_range
from bot.time import SystemTime
from bot.yamlfile import parse_duration
from nurture.reports import flows as flow_reports
from nurture.reports import sources as source_reports
from nurture.reports.telling import as_csv, as_data, behind

if TYPE_CHECKING:
    from bot.store.contract import Store
    from nurture.book import Nurture
    from nurture.flow import Flow
    from nurture.reports.history import Person
    from nurture.reports.rows import Row, Table

keys = typer.Typer(no_args_is_help=True, help="Keys of programs that use the marketers' API.")
LAST_DAYS = timedelta(days=30)

From = Annotated[str | None, typer.Option("--from", help="First day or moment, by the clock of --zone; 30 days ago if left out.")]
To = Annotated[str | None, typer.Option(help="The day or moment after the last; now if left out.")]
Zone = Annotated[str, typer.Option(help="The time zone of days.")]
Printed = Annotated[Form, typer.Option("--format", help="How it is printed.")]
Opened = Annotated[str | None, typer.Option("--behind", help="Print the events behind this number, as JSON: a column's name.")]
Key = Annotated[str | None, typer.Option("--row", help="With --behind: which row; the total if left out.")]


class NoSuchNumber(WarmlineError):
    """There is no such row or column in the report."""


def add_reports(app: typer.Typer) -> None:
    """Put the marketers' reports beside the others."""
    app.command("flows")(flows)
    app.command("sources")(sources)


def flows(
    flow: Annotated[str, typer.Argument(help="A flow's id.")],
    from_: From = None,
    to: To = None,
    by: Annotated[flow_reports.By, typer.Option(help="What the rows are.")] = flow_reports.By.STEP,
    reply_within: Annotated[str, typer.Option(help="How long after a bubble a reply or an opt-out is its doing.")] = "7d",
    credit_within: Annotated[str, typer.Option(help="How long after a bubble a conversion is its doing.")] = "30d",
    zone: Zone = "UTC",
    form: Printed = Form.TABLE,
    opened: Opened = None,
    row: Key = None,
) -> None:
    """A flow's funnel, step by step: reached, sent, delivered, read, replied, goal, opted out, converted; time to reply; value."""
    from bot.parts import load_rules
    from bot.run import UnknownFlow

    since, until = _range(from_, to, zone)
    reply, credit = _length("--reply-within", reply_within), _length("--credit-within", credit_within)
    chosen = settings.load()
    rules = load_rules(chosen)
    known, found = asyncio.run(_entered(chosen, rules.nurture, flow, since, until))
    if flow not in known and not found:
        raise UnknownFlow(f"there is no flow {flow}; there are {', '.join(sorted(known))}")
    order = tuple(known[flow].steps) if flow in known else ()
    made = flow_reports.funnel(
        found, flow, since=since, until=until, by=by, order=order, reply_within=reply, credit_within=credit
    )  # fmt: skip
    _print(made, form, opened, row)


def sources(
    from_: From = None,
    to: To = None,
    by: Annotated[source_reports.By, typer.Option(help="What the rows are.")] = source_reports.By.SOURCE,
    touch: Annotated[
        source_reports.Touched, typer.Option(help="Whether things belong to a person's first touch or the last before.")
    ] = source_reports.Touched.FIRST,
    zone: Zone = "UTC",
    form: Printed = Form.TABLE,
    opened: Opened = None,
    row: Key = None,
) -> None:
    """What came of the people of each source or campaign: wrote back, enrolled, goal, opted out, outcomes, conversions, value."""
    since, until = _range(from_, to, zone)
    found = asyncio.run(_came(settings.load(), since, until))
    _print(source_reports.sources(found, since=since, until=until, by=by, touch=touch), form, opened, row)


def _range(from_: str | None, to: str | None, zone: str) -> tuple[datetime, datetime]:
    now = SystemTime().now()
    return moment_range(from_ or (now - LAST_DAYS).isoformat(), to or now.isoformat(), zone)


def _length(option: str, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise BadRange(f"{option}: {error}") from None


async def _entered(
    chosen: settings.Settings, files: Nurture, flow: str, since: datetime, until: datetime
) -> tuple[Mapping[str, Flow], list[Person]]:
    """The flows as they hold, and who entered this one."""
    from studio.loading import history

    async with opened_store(chosen) as store:
        known = (await holding(store, files)).flows
        return known, (await history(store, flow_reports.enters(flow, since, until), since=since)).closed()


async def _came(chosen: settings.Settings, since: datetime, until: datetime) -> list[Person]:
    from studio.loading import history

    async with opened_store(chosen) as store:
        return (await history(store, source_reports.comes(since, until))).closed()


async def holding(store: Store, files: Nurture) -> Nurture:
    """The flows that are published; before anything ever was, those of the files."""
    from bot.published import Published

    if not (await store.flow_book()).heads:
        return files
    published = Published(store, files, at_start=False)
    await published.refresh()
    return published.nurture


@asynccontextmanager
async def opened_store(chosen: settings.Settings) -> AsyncIterator[Store]:
    """The migrated store, until the block ends."""
    from bot.run import migrate_only
    from bot.store import open_store

    await migrate_only(chosen)
    store = open_store(chosen.url)
    try:
        yield store
    finally:
        await store.close()


def _print(made: Table, form: Form, opened: str | None, key: str | None) -> None:
    if opened is not None:
        row = made.row(key)
        if row is None or opened not in made.measures:
            known = ", ".join(made.measures if row else [one.key for one in made.rows])
            raise NoSuchNumber(f"{'--behind' if row else '--row'}: there is no such number; there are {known}")
        sys.stdout.write(json.dumps(behind(row, opened), indent=2) + "\n")
        return
    match form:
        case Form.CSV:
            sys.stdout.write(as_csv(made))
        case Form.JSON:
            sys.stdout.write(json.dumps(as_data(made), indent=2) + "\n")
        case Form.TABLE:
            _show(made)


def _show(made: Table) -> None:
    console = Console(highlight=False)
    wide = Console(highlight=False, width=max(WIDTH, console.width))
    names = [name.replace("_", " ").capitalize() for name in (*made.measures, *made.rates)]
    waits = ["Reply p50", "p90", "Worst"] if made.waits else []
    screen = Screen("", *names, *waits, "Value", box=None)
    for column in screen.columns[1:]:
        column.justify = "right"
    for row in (*made.rows, made.total):
        screen.add_row(*_cells(made, row))
    wide.print(screen)
    if not made.rows:
        wide.print("\nNobody, in this range.")


def _cells(made: Table, row: Row) -> list[str]:
    rates = (row.rate(*pair) for pair in made.rates.values())
    told = [row.key, *(str(row.count(m)) for m in made.measures), *("-" if r is None else f"{100 * r:.1f} %" for r in rates)]
    if made.waits:
        waited = row.waits()
        told += ["-" if waited[name] is None else _short(waited[name] or 0) for name in ("p50_s", "p90_s", "worst_s")]
    return [*told, ", ".join(f"{value} {currency}".strip() for currency, value in row.value().items()) or "-"]


def _short(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


# ---- keys -----------------------------------------------------------------------------------------------------------


@keys.command("add")
def add_key(name: Annotated[str, typer.Argument(help="Whose it is, such as: shop.")]) -> None:
    """Make a key, and print it once."""
    from bot.parts import mint
    from bot.store.marketing import ApiKey
    from studio.api.keys import new_token, sha256

    token = new_token()
    key = ApiKey(key_id=mint("key"), name=name[:80], token_sha256=sha256(token), created_at=SystemTime().now())
    with_store(lambda store: store.add_key(key))
    sys.stdout.write(f"{token}\n")


@keys.command("list")
def list_keys() -> None:
    """Every key: whose it is, since when, until when. The keys themselves are nowhere kept."""
    for key in with_store(lambda store: store.api_keys()):
        until = key.revoked_at.isoformat() if key.revoked_at else None
        told = {"id": key.key_id, "name": key.name, "since": key.created_at.isoformat(), "revoked_at": until}
        sys.stdout.write(json.dumps(told) + "\n")


@keys.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="The id, as in the list.")]) -> None:
    """Make a key open nothing any more."""
    with_store(lambda store: store.revoke_key(key_id, now=SystemTime().now()))


def with_store[T](work: Callable[[Store], Awaitable[T]]) -> T:
    """What work on the migrated store of the settings gives."""

    async def opened() -> T:
        async with opened_store(settings.load()) as store:
            return await work(store)

    return asyncio.run(opened())
