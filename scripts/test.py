"""Runs every suite, shows what fails, and closes with one line that counts them all.

The suites run side by side, so a machine that stands still for seconds can fail a test which waits for a real process. What
failed is therefore run again by itself once everything else is done: a test that fails twice fails the run, one that passes then
is named on a line of its own and never hidden.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.folders import FOLDERS

ROOT = Path(__file__).resolve().parent.parent
BRAIN = ROOT / "brain" / ".venv" / "bin" / "python"
AT_ONCE = 3
"""Suites side by side. They share two processors where this was measured; waiting leaves room for a third."""
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
MEMORY_BYTES = 4 * 2**30
AGAIN = {"service", "rules", "stores", "browser", "real"}
"""Suites that wait for real processes; the others give the same answer each time."""
MOST_AGAIN = 5
"""More failures than these are not the machine's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One runner and the report it writes."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT


def suites(reports: Path) -> list[Suite]:
    """Every suite, those that take longest first: whoever is free takes the next. Some keep a processor busy, those with real
    browsers and processes wait for much of their time."""

    def junit(name: str) -> str:
        return f"--junitxml={reports / name}.xml"

    def folders(mark: str) -> list[str]:
        return [f"tests/{folder}" for folder in sorted(FOLDERS[mark])]

    pytest = [sys.executable, "-m", "pytest", "-q", "--durations=15"]
    brain = [str(BRAIN), "-m", "pytest", "-q", "-c", "brain/pytest.ini", "--rootdir=."]
    web = ["npm", "test", "--silent", "--", "--reporter=default", "--reporter=junit", f"--outputFile.junit={reports}/web.xml"]
    stores = ["tests/contract", "tests/store"]
    rules = ["tests/core", "tests/handoff", "tests/nurture", "tests/studio"]
    others = [f"tests/{name}" for name in ("brain", "actions", "sim", "e2e", "real")]
    elsewhere = [f"--ignore={folder}" for folder in (*stores, *rules, *others)]
    return [
        Suite(name="service", command=(*pytest, *elsewhere, "-m", "not e2e and not real", junit("service"))),
        Suite(name="real", command=(*pytest, *folders("real"), junit("real"))),
        Suite(name="browser", command=(*pytest, *folders("e2e"), "-m", "e2e", junit("browser"))),
        Suite(name="rules", command=(*pytest, *rules, junit("rules"))),
        Suite(name="brain", command=(*brain, "tests/brain", "tests/actions", junit("brain"))),
        Suite(name="stores", command=(*pytest, *stores, junit("stores"))),
        Suite(name="simulator", command=(*pytest, "tests/sim", junit("simulator"))),
        Suite(name="web", command=tuple(web), folder=ROOT / "web"),
    ]


def counted(report: Path) -> tuple[int, int, int]:
    """(passed, failed, skipped) of a JUnit report; no report counts as one failure."""
    if not report.exists():
        return 0, 1, 0
    root = ET.parse(report).getroot()  # noqa: S314 - our own reports
    tests = failed = skipped = 0
    for suite in root.iter("testsuite"):
        if suite.find("testsuite") is None:
            tests += int(suite.get("tests", 0))
            failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0))
    return tests - failed - skipped, failed, skipped


def failures(suite: str, report: Path) -> list[str]:
    """The names of what failed in a suite, as its JUnit report has them; none where there is no report."""
    if not report.exists():
        return []
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - our own reports
    failed = (case for case in cases if case.find("failure") is not None or case.find("error") is not None)
    return [f"{suite}: {case.get('classname', '')} {case.get('name', '')}" for case in failed]


def passes_alone(name: str, temporary: Path) -> bool:
    """Whether a failed test of the suites in `AGAIN` passes when nothing else runs. `name`: as `failures` tells it."""
    suite, _, test = name.partition(": ")
    selected = selector(*test.split(" ", 1)) if suite in AGAIN and " " in test else None
    if selected is None:
        return False
    alone = Suite(name=f"again, alone: {selected}", command=(sys.executable, "-m", "pytest", "-q", selected))
    return printed(alone, temporary).returncode == 0


def selector(classname: str, case: str) -> str | None:
    """A test's node id from its JUnit class name (a module, or a class in one) and its name; None if there is no such file."""
    parts = [part for part in classname.split(".") if part]
    for length in range(len(parts), 0, -1):
        path = Path(*parts[:length]).with_suffix(".py")
        if (ROOT / path).is_file():
            return "::".join((str(path), *parts[length:], case))
    return None


def printed(suite: Suite, temporary: Path) -> subprocess.CompletedProcess[str]:
    """Run a suite with its temporary files in `temporary`, and show what it printed."""
    begun = monotonic()
    environment = {**os.environ, "PYTHONHASHSEED": "0", "TMPDIR": str(temporary)}
    done = subprocess.run(
        suite.command,
        cwd=suite.folder,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    sys.stdout.write(f"{done.stdout}{suite.name}: {monotonic() - begun:.0f} s\n")
    sys.stdout.flush()
    return done


def run(suite: Suite, reports: Path) -> tuple[tuple[int, int, int], list[str]]:
    """Run a suite and show what it printed; (passed, failed, skipped), and a name for each that failed."""
    done = printed(suite, reports)
    report = reports / f"{suite.name}.xml"
    passed, failed, skipped = counted(report)
    failed = failed or int(done.returncode != 0)
    names = failures(suite.name, report)
    if failed and not names:
        names = [f"{suite.name}: the suite itself, exit code {done.returncode}"]
    return (passed, failed, skipped), names


def quick_folder() -> Path | None:
    """Where temporary files are quick: in memory, if there is enough; else wherever the system keeps them (None)."""
    try:
        return MEMORY if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES and os.access(MEMORY, os.W_OK) else None
    except OSError:
        return None


def main() -> int:
    """Exit code 0 if nothing failed."""
    started = monotonic()
    totals, names = [0, 0, 0], list[str]()
    with tempfile.TemporaryDirectory(dir=quick_folder()) as folder, ThreadPoolExecutor(AT_ONCE) as side_by_side:
        reports = Path(folder)
        reports.chmod(0o711)  # PostgreSQL runs as another user, with its files in here
        planned = suites(reports)
        sys.stdout.write(f"Running {', '.join(suite.name for suite in planned)}, {AT_ONCE} at a time ...\n")
        sys.stdout.flush()
        for counts, failed in side_by_side.map(lambda suite: run(suite, reports), planned):
            totals = [a + b for a, b in zip(totals, counts, strict=True)]
            names += failed
        alone = [name for name in names if passes_alone(name, reports)] if len(names) <= MOST_AGAIN else []
    names = [name for name in names if name not in alone]
    totals = [totals[0] + len(alone), totals[1] - len(alone), totals[2]]
    sys.stdout.write(f"all suites: {monotonic() - started:.0f} s\n")
    sys.stdout.writelines(f"passed alone, after it failed beside the others: {name}\n" for name in alone)
    sys.stdout.writelines(f"FAILED {name}\n" for name in names)
    sys.stdout.write(f"{totals[0]} passed, {totals[1]} failed" + (f", {totals[2]} skipped" if totals[2] else "") + "\n")
    return 1 if totals[1] else 0


if __name__ == "__main__":
    raise SystemExit(main())
