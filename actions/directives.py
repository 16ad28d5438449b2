"""Directives: the effects that an action asks the service for."""

from typing import Any, Final

HANDOFF_REASONS: Final = frozenset({"asked", "not_understood", "complaint", "hot_lead", "unanswerable"})


def handoff(reason: str) -> dict[str, Any]:
    """The directive that opens an episode for a human.

    Raises ValueError for a reason that is not in HANDOFF_REASONS.
    """
    if reason not in HANDOFF_REASONS:
        raise ValueError(f"unknown handoff reason {reason!r}; known are {', '.join(sorted(HANDOFF_REASONS))}")
    return {"do": "handoff", "reason": reason}


def opt_out() -> dict[str, Any]:
    """The directive that ends all messages to this prospect, after the service's own confirmation."""
    return {"do": "opt_out"}
