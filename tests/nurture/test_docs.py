"""The page that marketers read says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from nurture import schema
from nurture.lint import lint
from nurture.load import load_flow

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")


def test_the_small_flow_on_the_page_loads(tmp_path: Path) -> None:
    file = tmp_path / "welcome.yml"
    file.write_text(PAGE.split("```yaml\n")[1].split("```")[0])

    flow = load_flow(file)

    assert list(flow.steps) == ["hello", "what", "tip", "done", "quiet"]
    assert lint(flow) == ()


def test_every_field_is_on_the_page() -> None:
    models = [model for model in vars(schema).values() if isinstance(model, type) and issubclass(model, schema.File)]
    fields = {field.alias or name for model in models for name, field in model.model_fields.items()}

    assert {name for name in fields - {"for"} if not re.search(rf"\b{name}\b", PAGE)} == set()


def test_every_lint_rule_and_journal_event_is_on_the_page() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "nurture").glob("*.py")]
    events = {name for source in sources for name in re.findall(r'"(flow\.[a-z_]+)"', source)}
    lint_source = (ROOT / "nurture" / "lint.py").read_text(encoding="utf-8")
    rules = set(re.findall(r'_finding\(\s*flow,\s*\w+,\s*"([a-z_]+)"', lint_source))

    assert len(rules) > 10
    assert len(events) > 5
    assert {name for name in events | rules if f"`{name}`" not in PAGE} == set()
