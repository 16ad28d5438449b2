"""docs/lint.md: made by `make docs` from the table of rules."""

from __future__ import annotations

from nurture.lint.rule import as_markdown

HEAD = """# What the copy lint minds

<!-- Made by `make docs` from nurture/lint/rule.py. -->

`warmline flows lint` reads flows, `warmline copy lint` the responses in `domain.yml`. Each finding has a place, a rule from the
tables below, what is wrong, what to do about this very line, and often the line mended. An error gives exit code 1; a warning is
worth a look.

```
flows/welcome.yml:25:9: error: exclamations: say: wording 1 has 3 exclamation marks. One is plenty; none is calmer.
    for example: Nice. Good to meet you.
```

| Option | |
|---|---|
| `--format text` | one line a finding, the mended line under it |
| `--format github` | workflow commands, which GitHub shows beside the line of a pull request |
| `--explain` | under each finding why its rule is there, and by what source |
| `--format json` | findings with reason and source, and the score of every flow, step and line with its reasons |
| `--min-score N` | a flow whose [score](copy-score.md) is below N is an error |

As a pre-commit hook:

```yaml
- repo: https://github.com/your/warmline
  rev: v0.1.0
  hooks:
    - id: warmline-flows
```

From Python:

```python
from pathlib import Path
from nurture.lint import lint, lint_text, score
from nurture.load import read_flow

document, flow = read_flow(Path("flows/welcome.yml"))
for finding in lint(flow, document):
    print(finding.line, finding.column, finding.rule, finding.suggestion)

for found in lint_text("Dear valued customer, press 1 to continue."):  # while somebody types
    print(found.rule, found.suggestion)

print(score("ok cool, what do you sell?").value)
```

A file that cannot be read as a flow is told under the name `invalid`, with the nearest right word where a field is misspelt.

## Rules
"""


def lint_page() -> str:
    """The whole page."""
    return HEAD + as_markdown()
