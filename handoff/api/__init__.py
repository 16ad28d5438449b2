"""The API behind the agents' console."""

from handoff.api.ports import ConsoleParts
from handoff.api.routes import add_routes

__all__ = ["ConsoleParts", "add_routes"]
