"""Says whether the environment is the one that the lock file describes."""

import importlib
from importlib import metadata

# What a turn runs on: another version may change answers or remove what brain.processor leans on.
REQUIRED_VERSIONS = {"rasa": "3.6.21", "rasa-sdk": "3.6.2", "aiohttp": "3.9.5"}
IMPORTED = ("brain.engine", "brain.server", "uvloop", "structlog")


def problems() -> list[str]:
    """What is wrong, one sentence each; empty when all is well. Importing Rasa takes about ten seconds."""
    found = [problem for name, version in REQUIRED_VERSIONS.items() if (problem := _version_problem(name, version))]
    for module in IMPORTED:
        try:
            importlib.import_module(module)
        except ImportError as error:
            found.append(f"{module} cannot be imported ({error}); run `uv sync --project brain`")
    return found


def _version_problem(name: str, version: str) -> str:
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is not installed; run `uv sync --project brain`"
    return "" if installed == version else f"{name} is {installed}, but {version} is needed; run `uv sync --project brain`"
