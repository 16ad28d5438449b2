"""Whoever asks us to stop is nobody's to write to: no one is asked for them again and again."""

from __future__ import annotations

from dataclasses import replace

from bot.core.events import AgentTook, ContactImported, Inbound
from bot.core.model import AgentRef, Owner, Profile, Speaker, State, Touch
from handoff import episodes
from handoff.desk import Desk
from tests.core.conversing import NOW, answer, answered, follows, heard, waiting_state
from tests.handoff.worlds import MIA, SAM, World, desk, seat

A_DAY_S = 86_400


def stops(world: World) -> None:
    world.do(lambda draft: episodes.stopped(draft, world.policy))


def is_over(world: World) -> None:
    """The episode is closed, and a day brings no offer, no alarm and no word."""
    episode = world.state.episode
    assert episode is not None
    assert (episode.status, episode.outcome, world.state.owner) == ("closed", "opted_out", Owner.BOT)
    before = len(world.says), len(world.notices)
    world.wait(A_DAY_S)
    assert (len(world.says), len(world.notices)) == before


def test_a_handoff_whose_person_said_stop_is_offered_round_no_more() -> None:
    world = World(desk(SAM, MIA))
    world.open()
    world.wait(90)
    stops(world)
    assert world.notices[-1].kind == "lost"
    is_over(world)


def test_an_agent_who_took_it_and_has_not_spoken_is_let_off() -> None:
    world = World(desk(SAM, MIA))
    world.open()
    world.take(SAM)
    stops(world)
    is_over(world)


def test_an_agent_who_talks_keeps_the_talk_and_owes_nothing() -> None:
    world = World(desk(SAM))
    world.open()
    world.take(SAM)
    world.write(SAM)
    stops(world)
    assert world.state.owner is Owner.AGENT
    world.wait(A_DAY_S)
    assert world.state.owner is Owner.AGENT


def taken(sam: AgentRef) -> State:
    message = heard("can i talk to a person")
    at_desk = Desk((seat(sam),))
    asked = follows(waiting_state(message), Inbound(messages=(message,)), desk=at_desk)
    assert asked.ask_brain is not None
    human = answer("ask_human", directives=({"do": "handoff", "reason": "asked"},))
    opened = answered(asked, human, desk=at_desk)
    took = follows(replace(opened.state, unsent=()), AgentTook(agent=sam), desk=at_desk)
    return replace(took.state, unsent=())


def test_the_word_stop_ends_it_with_one_confirmation() -> None:
    message = heard("stop", message_id=9)
    decision = follows(replace(taken(SAM), unheard=(message,)), Inbound(messages=(message,)))
    assert decision.state.owner is Owner.BOT
    assert [say.speaker for say in decision.say] == [Speaker.LADDER]


def test_an_opt_out_that_is_imported_ends_it_without_a_word() -> None:
    touch = Touch(at=NOW, channel="widget")
    told = ContactImported(
        import_id="i1", line=2, consent_source="crm", consent_at=NOW, touch=touch, profile=Profile(), opted_out=True, start_at=NOW
    )
    decision = follows(taken(SAM), told)
    assert decision.state.owner is Owner.BOT
    assert decision.state.episode is not None
    assert (decision.state.episode.outcome, decision.say) == ("opted_out", ())
