"""Who is mentioned in a note: `@Mia`, `@mia.berg@example.com`, or `@Mia Berg` in full. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.store.contract import Agent

_AT = re.compile(r"(?<![\w@.])@(?=\w)")
_AFTER = re.compile(r"[\w@]")


def mentions(text: str, agents: Sequence[Agent], *, by: str) -> tuple[str, ...]:
    """Ids of the agents whom a note names behind an @, in the order of the text; not its writer, and nobody who is disabled.

    The longest name that fits counts. A first name does if one agent alone has it. Case makes no difference.
    """
    ways = sorted(_ways(agents).items(), key=lambda one: -len(one[0]))
    folded = text.lower()
    found: dict[str, None] = {}
    for at in _AT.finditer(folded):
        rest = folded[at.end() :]
        for name, agent_id in ways:
            if rest.startswith(name) and not _AFTER.match(rest[len(name) :]):
                if agent_id != by:
                    found[agent_id] = None
                break
    return tuple(found)


def _ways(agents: Sequence[Agent]) -> dict[str, str]:
    """What an agent may be called by, in small letters; what two share is nobody's."""
    called: dict[str, set[str]] = {}
    for agent in agents:
        if agent.disabled_at is None:
            for name in {agent.name, agent.name.split()[0] if agent.name.split() else "", agent.email}:
                if name:
                    called.setdefault(name.lower(), set()).add(agent.agent_id)
    return {name: next(iter(ids)) for name, ids in called.items() if len(ids) == 1}
