"""The page that marketers read says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from nurture import schema, triggers
from nurture.lint import RULES, lint
from nurture.lint.page import lint_page
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
    known = {**vars(schema), **vars(triggers)}
    models = [model for model in known.values() if isinstance(model, type) and issubclass(model, schema.File)]
    fields = {field.alias or name for model in models for name, field in model.model_fields.items()}

    assert {name for name in fields - {"for"} if not re.search(rf"\b{name}\b", PAGE)} == set()


def test_every_journal_event_is_on_the_page() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "nurture").glob("*.py")]
    events = {name for source in sources for name in re.findall(r'"(flow\.[a-z_]+)"', source)}

    assert len(events) > 5
    assert {name for name in events if f"`{name}`" not in PAGE} == set()


def test_the_page_of_rules_is_made_from_the_rules() -> None:
    page = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")

    assert page == lint_page()
    assert {rule for rule in RULES if f"`{rule}`" not in page} == set()


def test_every_rule_that_is_named_in_the_code_is_in_the_table() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "nurture" / "lint").glob("*.py")]
    named = {name for source in sources for name in re.findall(r'rule="([a-z_]+)"', source)}
    said = set(re.findall(r'_said\(line, "([a-z_]+)"', " ".join(sources)))

    assert named | said == set(RULES)
