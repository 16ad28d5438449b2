"""Which conversations an agent may read, by team. One rule, as a function here and as a condition of queries in `seeing`.

An agent of some teams reads what is theirs (they hold it, or are asked whether they take it), what is their teams', and what is
nobody's. Supervisors, admins and agents without teams read everything, and a team that no agent belongs to keeps nothing back, as
nobody could answer it then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.model import Clock, ClockKind, Episode, Json
from handoff.match import TEAM_SLOT

SEE_ALL = frozenset({"supervisor", "admin"})
"""Roles that read every conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What an agent may not read: conversations of the teams in `hidden`, unless they are the agent's own."""

    agent_id: str
    hidden: frozenset[str]

    def sees(self, *, episode: Episode | None, slots: Json, clocks: Iterable[Clock]) -> bool:
        """Whether they may read the conversation with this episode (the latest), these slots and clocks."""
        held = episode is not None and episode.status == "accepted" and episode.agent is not None
        holds = held and episode is not None and episode.agent is not None and episode.agent.agent_id == self.agent_id
        asked = any(c.kind is ClockKind.ACCEPT and c.data.get("agent_id") == self.agent_id for c in clocks)
        return holds or asked or team_of(episode, slots) not in self.hidden


def folded(team: str | None) -> str | None:
    """A team's name as it is compared; None for none."""
    return (team or "").strip().lower() or None


def team_of(episode: Episode | None, slots: Json) -> str | None:
    """Whose a conversation is: the team of its handoff, also of one that is over; else what the slot `team` says."""
    said = slots.get(TEAM_SLOT)
    return folded(episode.team if episode else None) or folded(said if isinstance(said, str) else None)


def sight_of(agent_id: str, role: str, teams: Sequence[str], of_others: Iterable[str]) -> Sight | None:
    """What is hidden from an agent, given the teams of everybody who can sign in; None where nothing is."""
    if role in SEE_ALL or not teams:
        return None
    hidden = {folded(team) for team in of_others} - {folded(team) for team in teams} - {None}
    return Sight(agent_id=agent_id, hidden=frozenset(team for team in hidden if team)) if hidden else None
