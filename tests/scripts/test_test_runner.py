"""The runner of all suites: what failed beside the others is tried again by itself, once."""

from pathlib import Path

import pytest

from scripts.test import passes_alone, selector


@pytest.mark.parametrize(
    ("classname", "case", "node"),
    [
        ("tests.scripts.test_test_runner", "test_a[x y]", "tests/scripts/test_test_runner.py::test_a[x y]"),
        ("tests.scripts.test_test_runner.TestIt", "test_b", "tests/scripts/test_test_runner.py::TestIt::test_b"),
        ("tests.nowhere", "test_c", None),
        ("", "", None),
    ],
)
def test_a_test_is_found_by_what_its_report_says(classname: str, case: str, node: str | None) -> None:
    assert selector(classname, case) == node


def test_a_suite_that_left_no_report_and_the_simulator_are_not_run_again(tmp_path: Path) -> None:
    for name in ("service: the suite itself, exit code 2", "simulator: tests.scripts.test_test_runner test_a"):
        assert not passes_alone(name, tmp_path)


def test_what_fails_each_time_fails_alone_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not passes_alone("service: tests.scripts.test_test_runner test_that_is_not_there", tmp_path)
    assert "again, alone" in capsys.readouterr().out
