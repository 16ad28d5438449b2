"""`warmline hooks`: who is told of events, what is still to be told, and telling it again."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.marketing import with_store
from bot.reporting import BadRange
from bot.time import SystemTime

if TYPE_CHECKING:
    from bot.store.contract import Store
    from bot.store.hooking import Hook

app = typer.Typer(no_args_is_help=True, help="Signed webhooks: who is told of events.")

Id = Annotated[str, typer.Argument(help="The subscription's id, as in the list.")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where events are posted to.")],
    event: Annotated[list[str] | None, typer.Option(help="A kind of event, flow.* for a family; all if left out.")] = None,
    secret: Annotated[str | None, typer.Option(help="whsec_ and base64; one is made if left out.")] = None,
) -> None:
    """Subscribe, and print the secret that events are signed with, once. A running service knows within a minute."""
    from bot.parts import mint
    from studio.api.hooks import made

    hook = made(url, event or [], secret, hook_id=mint("hook"), now=SystemTime().now())
    with_store(lambda store: store.add_hook(hook))
    sys.stdout.write(json.dumps({"id": hook.hook_id, "secret": hook.secret}) + "\n")


@app.command("list")
def many() -> None:
    """Every subscription, and how many events wait or are parked; one a line, as JSON."""
    from studio.api.hooks import hook_shape

    async def read(store: Store) -> list[tuple[Hook, tuple[int, int]]]:
        counts = await store.untold_counts()
        return [(hook, counts.get(hook.hook_id, (0, 0))) for hook in await store.hooks()]

    for hook, counts in with_store(read):
        sys.stdout.write(json.dumps(hook_shape(hook, counts)) + "\n")


@app.command()
def events() -> None:
    """What can be subscribed to."""
    from studio.events import EVENTS

    sys.stdout.writelines(f"{kind:20} {sentence}\n" for kind, sentence in EVENTS.items())


@app.command()
def remove(hook_id: Id) -> None:
    """End a subscription, and forget what was still to be told."""
    with_store(lambda store: store.remove_hook(hook_id))


@app.command()
def pause(hook_id: Id) -> None:
    """Send nothing for now; what happens is kept."""
    with_store(lambda store: store.pause_hook(hook_id, paused_at=SystemTime().now()))


@app.command()
def resume(hook_id: Id) -> None:
    """Go on sending, beginning with what was kept."""
    with_store(lambda store: store.pause_hook(hook_id, paused_at=None))


@app.command()
def parked() -> None:
    """Events that nobody tries to tell any more, and why; one a line, as JSON. Exit code 1 if there are any."""
    from bot.hooks import as_told

    found = with_store(lambda store: store.untold(parked=True))
    for telling in found:
        sys.stdout.write(json.dumps(as_told(telling)) + "\n")
    raise typer.Exit(1 if found else 0)


@app.command()
def replay(
    hook_id: Id,
    since: Annotated[str | None, typer.Option(help="All events since this moment (UTC), not only parked ones.")] = None,
) -> None:
    """Tell what is parked, or all since a moment, once more. Events keep their ids."""
    try:
        moment = datetime.fromisoformat(since) if since else None
    except ValueError:
        raise BadRange(f'--since: "{since}" is not a day or a moment; write for example 2026-11-23T08:00') from None
    if moment is not None:
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    number = with_store(lambda store: store.replay_hook(hook_id, now=SystemTime().now(), since=moment))
    sys.stdout.write(f"{number} events will be told again.\n")
