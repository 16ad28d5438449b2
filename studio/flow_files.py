"""Flows in the database to files and back, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.core.model import WarmlineError
from bot.store.contract import Store
from bot.store.flowbook import FlowVersion

BLOCKS = "blocks"


class WouldOverwrite(WarmlineError):
    """A file differs from what is published and would be lost."""


class TwoBlocks(WarmlineError):
    """Two flows hold different words of the same block, which can only be one file."""


async def entered(store: Store, flow_ids: Sequence[str] = ()) -> list[FlowVersion]:
    """The versions that people enter, of these flows or of all."""
    heads = [head for head in (await store.flow_book()).heads if not flow_ids or head.flow_id in flow_ids]
    return [await store.flow_version(head.flow_id, head.number) for head in heads]


def files_of(versions: Sequence[FlowVersion]) -> dict[Path, bytes]:
    """Every file that these versions are written in, with its path below the folder of flows. Raises `TwoBlocks`."""
    files: dict[Path, bytes] = {}
    of: dict[Path, str] = {}
    for version in versions:
        files[Path(f"{version.flow_id}.yml")] = version.text.encode()
        for name, text in version.blocks.items():
            path = Path(BLOCKS) / f"{name}.yml"
            if files.setdefault(path, text.encode()) != text.encode():
                raise TwoBlocks(
                    f"{of[path]} and {version.flow_id} were published with different blocks {name}; publish one of them again"
                )
            of[path] = version.flow_id
    return files


def write(folder: Path, files: dict[Path, bytes], *, force: bool) -> list[Path]:
    """Write what differs; gives those paths. Raises `WouldOverwrite`, naming every file, before anything is written."""
    differing = [path for path, content in files.items() if not (folder / path).exists() or (folder / path).read_bytes() != content]
    lost = [str(folder / path) for path in differing if (folder / path).exists()]
    if lost and not force:
        raise WouldOverwrite(f"these differ from what is published: {', '.join(lost)}; publish them first, or use --force")
    for path in differing:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(files[path])
    return differing
