"""Messenger, by the Messenger Platform's webhooks and Send API (Meta, May 5, 2026)."""

from __future__ import annotations

from bot.channels.facebook.channel import FacebookChannel
from bot.channels.facebook.graph import GraphClient
from bot.credentials import FacebookCredentials

__all__ = ["FacebookChannel", "facebook_channel"]


def facebook_channel(credentials: FacebookCredentials, *, quiet: bool) -> FacebookChannel:
    """The channel for these credentials. `quiet` leaves out typing indicators, which only people need."""
    graph = GraphClient(credentials.graph_url, token=credentials.page_access_token.get_secret_value())
    return FacebookChannel(
        graph,
        verify=credentials.verify.get_secret_value(),
        secret=credentials.secret.get_secret_value(),
        app_id=credentials.app_id,
        quiet=quiet,
    )
