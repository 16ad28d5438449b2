"""What the brain's tests share: models trained once, and a brain served in a process of its own."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from brain.logs import hush_libraries
from brain.quiet import quieten

quieten()
hush_libraries()

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from served import ServedBrain  # noqa: E402

BOT = HERE / "fixtures" / "bot"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `one.tar.gz` and `two.tar.gz`, which says another price."""
    from rasa.model_training import train  # noqa: PLC0415  (only tests that need a model pay for importing Rasa)

    folder = tmp_path_factory.mktemp("models")
    bot = tmp_path_factory.mktemp("bot")
    shutil.copytree(BOT, bot, dirs_exist_ok=True)
    domain = bot / "domain.yml"
    for name, price in (("one", "49"), ("two", "59")):
        domain.write_text(domain.read_text().replace("starts at 49", f"starts at {price}"))
        trained = train(
            domain=str(domain),
            config=str(bot / "config.yml"),
            training_files=[str(bot / "data")],
            output=str(folder),
            fixed_model_name=name,
            force_training=True,
        )
        assert trained.model
    return folder


@pytest.fixture(scope="session")
def served(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBrain]:
    """A brain with two workers and turns of at most one second."""
    with ServedBrain.start(models / "one.tar.gz", tmp_path_factory.mktemp("served")) as brain:
        brain.wait_until_ready()
        yield brain
