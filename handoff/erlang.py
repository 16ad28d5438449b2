"""Erlang C: how a queue of Poisson arrivals and exponential service behaves. Pure.

A. K. Erlang, "Solution of some Problems in the Theory of Probabilities of Significance in Automatic Telephone Exchanges", 1917.
`load` is in erlangs: arrivals per second times seconds of service. Nobody gives up.
"""

from __future__ import annotations

import math


def erlang_c(agents: int, load: float) -> float:
    """The share of arrivals that find nobody free; 1.0 if the agents cannot keep up. Raises ValueError below one agent."""
    if agents < 1 or load < 0:
        raise ValueError(f"{agents} agents, {load} erlangs")
    if load >= agents:
        return 1.0
    blocked = 1.0
    for count in range(1, agents + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked / (1 - (load / agents) * (1 - blocked))


def served_within(agents: int, load: float, *, service_s: float, within_s: float) -> float:
    """The share of arrivals that wait `within_s` at most, first come, first served."""
    if load >= agents:
        return 0.0
    return 1 - erlang_c(agents, load) * math.exp(-(agents - load) * within_s / service_s)


def agents_for(load: float, *, service_s: float, within_s: float, share: float) -> int:
    """The fewest agents with whom this share (below 1) waits `within_s` at most."""
    agents = max(1, math.ceil(load))
    while served_within(agents, load, service_s=service_s, within_s=within_s) < share:
        agents += 1
    return agents
