"""Experiments in flows: who was shown what, what came of it, and what may be said about it at any time. Pure."""
