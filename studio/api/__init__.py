"""The marketers' API. docs/api.md describes every path and shape."""

from studio.api.ports import StudioParts
from studio.api.routes import add_routes

__all__ = ["StudioParts", "add_routes"]
