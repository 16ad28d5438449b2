"""The fake as a process: `python -m bot.fakes.graph --port 9001 --webhook http://127.0.0.1:8080/webhooks/facebook/webhook`.

When it listens it prints one line of JSON: {"event": "graph.ready", "base_url": ..., "page_id": ...}.
"""

import asyncio
import json
import secrets
import signal
from pathlib import Path
from typing import Annotated

import aiohttp
import typer
import uvloop

from bot.fakes.graph.errors import FakeGraphError
from bot.fakes.graph.fake import FakeGraph
from bot.fakes.graph.webhooks import Weather
from bot.fakes.graph.world import Limits

SUBSCRIBE_TRIES = 120
SUBSCRIBE_GAP_S = 0.5


def main(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    webhook: Annotated[str | None, typer.Option(help="Webhook URL of the app; without it no events are sent.")] = None,
    secret: Annotated[str, typer.Option(help="App secret that signs webhooks.")] = "fake-app-secret",
    verify: Annotated[str, typer.Option(help="Verify token of the webhook.")] = "fake-verify-token",
    page_id: Annotated[str, typer.Option(help="Id of the Page.")] = "104857600000001",
    token: Annotated[str, typer.Option(help="Page access token the app must show.")] = "fake-page-token",
    faults: Annotated[Path | None, typer.Option(help="JSON file with faults to arm.")] = None,
    log: Annotated[Path | None, typer.Option(help="Append what the app sent to this file, as JSON lines.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of ids and chance; without it each run differs.")] = None,
    echoes: Annotated[bool, typer.Option(help="Send echo webhooks.")] = True,
    echo_delay: Annotated[float, typer.Option(help="Seconds from a send to its echo.")] = 0.0,
    deliveries: Annotated[bool, typer.Option(help="Send delivery webhooks.")] = False,
    duplicates: Annotated[float, typer.Option(help="Share of webhooks that are posted twice.")] = 0.0,
    routing: Annotated[bool, typer.Option(help="The app is the Page's default app.")] = False,
    sends_per_s: Annotated[int | None, typer.Option(help="Send budget of the Page; Meta's is 300.")] = None,
    any_recipient: Annotated[bool, typer.Option(help="Accept sends to people who never wrote.")] = False,
    time_scale: Annotated[float, typer.Option(help="Real seconds for a second of retry gaps and delays.")] = 1.0,
) -> None:
    """Play the Messenger Platform for one app until interrupted."""
    try:
        graph = FakeGraph(
            host=host,
            port=port,
            webhook_url=webhook,
            app_secret=secret,
            verify_token=verify,
            page_id=page_id,
            token=token,
            seed=secrets.randbits(64) if seed is None else seed,
            echoes=echoes,
            echo_delay_s=echo_delay,
            deliveries=deliveries,
            weather=Weather(duplicate_rate=duplicates),
            conversation_routing=routing,
            limits=Limits(sends_per_s=sends_per_s),
            any_recipient=any_recipient,
            time_scale=time_scale,
            log_path=log,
        )
        if faults is not None:
            graph.faults.load_file(faults)
    except (FakeGraphError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    uvloop.run(_serve(graph, verify_first=webhook is not None))


async def _serve(graph: FakeGraph, *, verify_first: bool) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with graph:
        typer.echo(json.dumps({"event": "graph.ready", "base_url": graph.base_url, "page_id": graph.page_id}))
        verifying = asyncio.create_task(_subscribe(graph)) if verify_first else None
        await stopped.wait()
        if verifying is not None:
            verifying.cancel()


async def _subscribe(graph: FakeGraph) -> None:
    """Verify the webhook once the app is up; say how it went. Events are sent meanwhile and retried."""
    failure = "nobody listens"
    for _ in range(SUBSCRIBE_TRIES):
        try:
            await graph.subscribe()
        except (FakeGraphError, aiohttp.ClientError, TimeoutError) as error:
            failure = str(error)
            await asyncio.sleep(SUBSCRIBE_GAP_S)
        else:
            typer.echo(json.dumps({"event": "graph.subscribed", "webhook": graph.webhooks.url}))
            return
    graph.webhooks.subscribed = False
    typer.echo(json.dumps({"event": "graph.verification_failed", "reason": failure}), err=True)


if __name__ == "__main__":
    typer.run(main)
