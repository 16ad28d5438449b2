"""Uses a store from a process of its own: `python -m tests.store.worker COMMAND URL`. Says on stdout what was acknowledged."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta

from bot.core.events import Decision
from bot.core.model import Arrival, Identity, Say, Speaker
from bot.store import SqlStore, open_store
from tests.store.story import ANN, T0


def say(line: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def migrate(store: SqlStore) -> None:
    """Migrate as soon as everybody is ready."""
    await store.migrate()


async def take_in(store: SqlStore) -> None:
    """Take in the same fifty messages of five people as others do at the same time."""
    for number in range(50):
        who = Identity(channel="widget", external_id=f"p{number % 5}")
        arrival = Arrival(identity=who, external_id=f"m{number}", sent_at=T0)
        (taken,) = await store.take_in(
            [arrival], now=T0, answer_at=T0 + timedelta(seconds=1), promise_due_at=T0 + timedelta(seconds=60)
        )
        say(f"{number} {taken.new}")


async def talk(store: SqlStore) -> None:
    """Take in and answer for ever, and say each time what has been promised to last."""
    number = 0
    while True:
        arrival = Arrival(identity=ANN, external_id=f"m{number}", sent_at=T0)
        (taken,) = await store.take_in(
            [arrival], now=T0, answer_at=T0 + timedelta(seconds=1), promise_due_at=T0 + timedelta(seconds=60)
        )
        say(f"taken {number}")
        loaded = await store.load(taken.conversation_id)
        decision = Decision(
            state=replace(loaded.state, unheard=(), promise=None, turns=loaded.state.turns + 1),
            heard=(taken.message_id,),
            cancel_clocks=tuple((clock.kind, clock.key) for clock in loaded.state.clocks),
            say=(Say(speaker=Speaker.BOT, text=f"answer {number}"),),
            tracker_events=({"n": number},),
        )
        await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=T0)
        say(f"committed {number}")
        number += 1


async def main(command: str, url: str) -> None:
    """Wait for a line on stdin, then do it."""
    store = open_store(url)
    say("ready")
    sys.stdin.readline()
    await {"migrate": migrate, "take_in": take_in, "talk": talk}[command](store)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
