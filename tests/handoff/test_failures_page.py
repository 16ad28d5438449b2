"""Every failure on the page has the test that it names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def names_in(path: Path) -> set[str]:
    """Names of the tests of a module."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    names = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in names if name.startswith("test_")}


def test_each_named_test_is_there() -> None:
    rows = [line for line in (ROOT / "docs" / "failures.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 22
    for row in rows:
        found = NAMED.findall(row)
        assert len(found) in (1, 2), row
        for file, name in found:
            assert name in names_in(ROOT / file), row
        for file, _ in found[1:]:
            assert file.startswith(("tests/e2e/", "tests/pages/", "tests/web/")), row
