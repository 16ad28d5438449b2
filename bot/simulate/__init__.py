"""A flow played to people who do not exist, in virtual time, by the rules that real people meet.

    from bot.simulate import Setup, simulate
    told = simulate(rules, "welcome", Setup(people=1000, days=30, seed=7))

`simulate` is deterministic: the same rules, flow and setup give the same result in any process.
"""

from bot.simulate.brains import RecordedBrain, Unreadable
from bot.simulate.characters import CHARACTERS, Character
from bot.simulate.result import Simulated
from bot.simulate.setup import BadSetup, Cancelled, Setup
from bot.simulate.world import simulate

__all__ = [
    "CHARACTERS",
    "BadSetup",
    "Cancelled",
    "Character",
    "RecordedBrain",
    "Setup",
    "Simulated",
    "Unreadable",
    "simulate",
]
