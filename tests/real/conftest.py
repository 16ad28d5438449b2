"""Real processes need a trained model and the brain's environment; both are made once."""

from __future__ import annotations

import pytest

from bench import warmline


@pytest.fixture(scope="session", autouse=True)
def model(request: pytest.FixtureRequest) -> None:
    """The model of the present files, so that no test waits for training by accident."""
    if any(item.get_closest_marker("real") for item in request.session.items):
        warmline.model()
