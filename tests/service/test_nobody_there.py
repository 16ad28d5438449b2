"""Nobody at the desk, out of hours, and a bot that does not answer: what the prospect hears, may do, and that it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.model import ClockKind, Owner
from bot.errors import BrainAway, BrainError, BrainRefused, BrainTimeout
from tests.service.desks import console
from tests.service.serving import ROOT, World, serving

NIGHT = """
calendar: office
calendars:
  office:
    zone: Europe/Berlin
    week: {mon-fri: ["09:00-12:00"]}
"""


async def only(world: World) -> str:
    (one,) = await world.service.store.overviews(view="all")
    return one.conversation_id


def closed_at_this_hour(folder: Path) -> Path:
    """Promises of a desk that closes at noon; it is past three in Berlin."""
    text = (ROOT / "promises.yml").read_text(encoding="utf-8").replace("calendar: always\n", "")
    path = folder / "promises.yml"
    path.write_text(text + NIGHT, encoding="utf-8")
    return path


@pytest.mark.parametrize("choice", ["number", "time", "bot"])
async def test_out_of_hours_the_prospect_hears_when_and_leaves_a_number_or_a_time_or_goes_on_with_the_bot(
    tmp_path: Path, choice: str
) -> None:
    async with serving(tmp_path, promises=closed_at_this_hour(tmp_path)) as world, world.visitor() as anna:
        await anna.say("can i talk to a person")
        await world.settle()
        talk = await only(world)
        told = [text for speaker, text in await world.said(talk) if speaker == "ladder"]
        assert any("Monday at 9 am" in text for text in told), told
        await anna.say("how much is it")
        await world.settle()
        assert (await world.said(talk))[-1][0] in ("bot", "flow"), "the bot goes on meanwhile"
        match choice:
            case "number":
                await anna.say("call me on +49 170 1234567")
            case "time":
                await anna.say("Book a time", payload="/warmline.book")
                await world.settle()
                await anna.say("Monday at 10 am")
            case _:
                await anna.say("Go on", payload="/warmline.bot")
        await world.settle()
        state = await world.state(talk)
        if choice == "bot":
            assert (state.owner, state.episode.outcome) == (Owner.BOT, "prospect_chose_bot")
            return
        assert state.owner is Owner.WAITING
        assert state.slots["callback_number" if choice == "number" else "callback_time"]
        # Until the desk opens nothing is late and nobody is pestered, and a clock runs.
        said = len(await world.said(talk))
        await world.wind(hours=40)
        state = await world.state(talk)
        assert (state.episode.breached, len(await world.said(talk))) == ((), said)
        assert state.clock(ClockKind.FIRST_WORDS, state.episode.episode_id) is not None


async def test_nobody_at_all_is_told_with_the_choice_and_the_bot_and_the_clocks_go_on(tmp_path: Path) -> None:
    async with serving(tmp_path) as world, world.visitor() as anna:
        await anna.say("can i talk to a person")
        await world.settle()
        talk = await only(world)
        await world.wind(seconds=90)
        told = [one for one in await world.service.store.messages(talk) if one.speaker.value == "ladder"]
        payloads = {reply.payload for one in told for reply in one.quick_replies}
        assert payloads >= {"/warmline.wait", "/warmline.callback", "/warmline.book", "/warmline.bot", "/warmline.cancel"}
        await anna.say("how much is it")
        await world.settle()
        assert (await world.said(talk))[-1][0] in ("bot", "flow")
        state = await world.state(talk)
        assert state.owner is Owner.WAITING
        assert state.clock(ClockKind.RUNG, state.episode.episode_id) is not None
        await anna.say("call me on +49 170 1234567")
        await world.settle()
        assert (await world.state(talk)).slots["callback_number"] == "+491701234567"


@pytest.mark.parametrize(
    "error",
    [BrainAway("no process"), BrainTimeout("no answer"), BrainRefused("the brain answered 500"), BrainRefused("not JSON")],
    ids=["dead", "slow", "500", "nonsense"],
)
async def test_a_bot_that_is_dead_slow_or_broken_brings_a_person_says_so_and_resumes(tmp_path: Path, error: BrainError) -> None:
    async with serving(tmp_path) as world, console(world, "Sam") as sam, sam.open(), world.visitor() as anna:
        world.brain.error = error
        await anna.say("how much is it")
        await world.settle()
        talk = await only(world)
        assert [speaker for speaker, _ in await world.said(talk)] == ["prospect", "ladder"]
        notices = [line.entry.data for line in await world.service.store.journal(talk) if line.entry.kind == "episode.offered"]
        assert [data["agent_id"] for data in notices] == ["a_sam"], "a person was notified"
        await anna.say("hello?")
        await world.settle()
        assert [speaker for speaker, _ in await world.said(talk)].count("ladder") == 1, "once for the whole outage"
        world.brain.error = None
        await anna.say("how much is it")
        await world.settle()
        assert (await world.said(talk))[-1][0] in ("bot", "flow"), "the bot answers again"
        state = await world.state(talk)
        assert (state.brain_away_since, state.owner) == (None, Owner.WAITING)
