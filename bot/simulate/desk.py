"""The people who answer, played: they take what they are offered, write, and give back. Offers and ladder are the real rules'."""

from __future__ import annotations

from datetime import datetime
from math import log
from random import Random
from typing import TYPE_CHECKING

from bot.core.events import AgentGaveBack, AgentsChanged, AgentTook, AgentWrote, Decision
from bot.core.model import AgentRef, CommandRefused, Owner, Reason
from bot.simulate.setup import Setup
from handoff.calendar import open_at
from handoff.desk import OFFLINE, ONLINE, Desk, Seat

if TYPE_CHECKING:
    from bot.simulate.world import Talk, World

TAKE_S = 9.0
WORDS_S = 25.0
HOLD_S = 420.0
SPREAD = 0.6
"""Medians until an agent takes, writes and gives back, and the sigma of the log-normal around them: made up, as the characters
are."""
MISSES = 0.05
"""Of so many offers nobody takes notice."""
OUTCOMES = ("returned", "returned", "won", "won", "lost", "no_fit")


class SimulatedDesk:
    """Agents of equal habits, at the desk as long as the promises' calendar is open."""

    def __init__(self, world: World, setup: Setup) -> None:
        self._world, self._capacity = world, setup.capacity
        self._rng = Random(f"{setup.seed}/desk")
        self._agents = [AgentRef(agent_id=f"a{n}", name=name(n)) for n in range(setup.agents)]
        self._load = dict.fromkeys((agent.agent_id for agent in self._agents), 0)
        self._seats: dict[bool, Desk] = {}

    def seats(self, now: datetime) -> Desk:
        """Who is there."""
        there = open_at(now, self._world.rules.policy.hours)
        if there not in self._seats:
            presence = ONLINE if there else OFFLINE
            self._seats[there] = Desk(
                seats=tuple(
                    Seat(agent_id=a.agent_id, name=a.name, presence=presence, load=self._load[a.agent_id], capacity=self._capacity)
                    for a in self._agents
                )
            )
        return self._seats[there]

    def follow(self, talk: Talk, decision: Decision) -> None:
        """What the desk does about a decision: an offer to somebody is looked at."""
        for notice in decision.notify:
            if notice.kind == "offer" and self._rng.random() >= MISSES:
                agent = next((a for a in self._agents if a.agent_id in notice.to), None)
                if agent is not None:
                    self._world.after(self._takes(TAKE_S), self._take, talk, agent)
            elif notice.kind == "alarm" and not notice.to and (free := self._free()) is not None:
                self._world.after(self._takes(TAKE_S), self._take, talk, free)

    def _free(self) -> AgentRef | None:
        seats = {seat.agent_id: seat for seat in self.seats(self._world.now).seats}
        free = [agent for agent in self._agents if seats[agent.agent_id].is_free]
        return min(free, key=lambda a: self._load[a.agent_id], default=None)

    def _takes(self, median_s: float) -> float:
        return self._rng.lognormvariate(log(median_s), SPREAD)

    def _take(self, talk: Talk, agent: AgentRef) -> None:
        if talk.state.owner is not Owner.WAITING or self._load[agent.agent_id] >= self._capacity:
            return
        self._world.handle(talk, AgentTook(agent=agent))
        self._holds(agent, 1)
        self._world.after(self._takes(WORDS_S), self._say, talk, agent, 1)
        self._world.after(max(90.0, self._takes(HOLD_S)), self._give_back, talk, agent)

    def _say(self, talk: Talk, agent: AgentRef, number: int) -> None:
        episode = talk.state.episode
        if talk.state.owner is not Owner.AGENT or episode is None or episode.agent != agent:
            return
        text = "Hi, I'm a person from the team. I've read along." if number == 1 else "Good question, let me look."
        try:
            self._world.handle(talk, AgentWrote(agent=agent, text=text, client_key=f"{episode.episode_id}.{number}"))
        except CommandRefused:
            return
        if number == 1:
            self._world.tally.person_came(talk, self._world.now)

    def wrote(self, talk: Talk) -> None:
        """The prospect wrote to whoever holds them."""
        episode = talk.state.episode
        if episode is not None and episode.agent is not None:
            self._world.after(self._takes(WORDS_S), self._say, talk, episode.agent, 2 + talk.exchanges)

    def _give_back(self, talk: Talk, agent: AgentRef) -> None:
        self._holds(agent, -1)
        episode = talk.state.episode
        if talk.state.owner is Owner.AGENT and episode is not None and episode.agent == agent:
            outcome = "complaint" if episode.reason is Reason.COMPLAINT else self._rng.choice(OUTCOMES)
            self._world.handle(talk, AgentGaveBack(agent=agent, summary="Talked it over.", outcome=outcome))
        for waiting in self._world.waiting[: self._capacity]:
            self._world.handle(waiting, AgentsChanged())

    def _holds(self, agent: AgentRef, more: int) -> None:
        self._load[agent.agent_id] += more
        self._seats.clear()


def name(number: int) -> str:
    """A first name for the nth agent."""
    names = ("Sam", "Mia", "Leo", "Ada", "Ben", "Zoe")
    return names[number % len(names)] + (f" {number // len(names) + 1}" if number >= len(names) else "")
