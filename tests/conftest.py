"""What every suite may ask for. Imports are made where they are used: the brain's suite runs without the service's packages."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from tests.chromium import missing
from tests.folders import FOLDERS, NEEDED

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.postgres import Postgres


# Property tests on shared machines: no deadline per example, no complaint about a slow one, the same examples each run.
settings.register_profile("warmline", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("warmline")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nobody's test is left out because it lies in the wrong folder; those whose browser or pages are not there say so."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        for mark, folders in FOLDERS.items():
            if item.get_closest_marker(mark) and folder not in folders:
                raise pytest.UsageError(
                    f"{item.nodeid}: tests marked {mark} belong into tests/{' or tests/'.join(sorted(folders))}"
                )
        if item.get_closest_marker("e2e") and (lacking := missing(*NEEDED[folder])):
            item.add_marker(pytest.mark.skip(reason=f"not here (make install web, .tools/chromium): {lacking}"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL server. Its folder is not pytest's: it runs as another user, from whom every new pytest session
    on the machine closes that one."""
    from tests.postgres import running

    with tempfile.TemporaryDirectory(prefix="warmline-postgres-") as folder, running(Path(folder)) as server:
        yield server


@pytest.fixture
async def postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """A migrated database of this test's own."""
    async with postgres.database() as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all: tests look at pages in profiles of their own."""
    from playwright.async_api import async_playwright, expect

    from tests.chromium import CHROMIUM, FLAGS, PATIENCE_MS

    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()
