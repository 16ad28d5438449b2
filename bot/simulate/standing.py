"""What holds for flows in the database, so that a simulation plays what people would meet now."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
import structlog

from bot.core.decide import Rules
from bot.settings import Settings
from bot.store.contract import StoreError, StoreUnavailable
from bot.store.flowbook import FlowBook
from bot.store.sql import open_store
from nurture.book import Ruling

log = structlog.get_logger()


def as_it_stands(settings: Settings, rules: Rules) -> Rules:
    """The rules with what was ruled about flows, and with the arms that were stopped; as they are where there is no database yet.

    Only reads. A database that does not answer is told in the log, and the files alone are played.
    """
    url = sa.make_url(settings.url)
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).exists()):
        return rules
    try:
        book = asyncio.run(_book(settings))
    except (StoreError, StoreUnavailable, sa.exc.SQLAlchemyError) as error:
        log.warning("simulate.files_alone", error=type(error).__name__)
        return rules
    rulings = {head.flow_id: Ruling(mode=head.mode, reason=head.reason) for head in book.heads}
    stopped = {(arm.flow_id, arm.experiment, arm.arm): arm.reason for arm in book.stopped}
    return replace(rules, nurture=replace(rules.nurture, rulings=rulings, stopped=stopped))


async def _book(settings: Settings) -> FlowBook:
    store = open_store(settings.url, connections=1)
    try:
        return await store.flow_book()
    finally:
        await store.close()
