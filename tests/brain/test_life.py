"""How the brain starts, refuses to start, and stops."""

import gzip
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from served import ROOT, Answer, ServedBrain, turn_request

from brain.errors import ModelRefused
from brain.server import CannotStart, find_model, listen


def test_sigterm_finishes_the_turns_in_hand_and_exits_0(models: Path, tmp_path: Path) -> None:
    with ServedBrain.start(models / "one.tar.gz", tmp_path, "--workers", "1") as brain:
        brain.wait_for(lambda: os.path.exists(brain.socket_path))
        assert brain.call("GET", "/health").json["status"] == "starting"
        assert brain.call("POST", "/turn", turn_request("hi")).status == 503
        brain.wait_until_ready()
        workers = brain.health()["worker_pids"]
        answers: list[Answer] = []
        connections = [brain.connect() for _ in range(5)]
        for connection in connections:
            connection.connect()
        threads = [
            threading.Thread(target=lambda each=each: answers.append(each.call("POST", "/turn", turn_request("hi"))))
            for each in connections
        ]
        os.kill(workers[0], signal.SIGSTOP)
        for thread in threads:
            thread.start()
        time.sleep(0.2)  # the five turns are in hand or queued
        brain.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        os.kill(workers[0], signal.SIGCONT)
        for thread in threads:
            thread.join()
        assert brain.process.wait(timeout=10) == 0
        assert [answer.status for answer in answers] == [200] * 5
        assert not os.path.exists(brain.socket_path)
        assert not any(_alive(pid) for pid in workers)
        assert brain.log[-1]["event"] == "brain.stopped"


def test_children_die_with_a_killed_parent() -> None:
    script = (
        "import os, time\n"
        "from brain.zygote import fork\n"
        "def grandchild():\n"
        "    time.sleep(60)\n"
        "def child():\n"
        "    os.write(1, b'%d\\n' % fork(grandchild))\n"
        "    time.sleep(60)\n"
        "os.write(1, b'%d\\n' % fork(child))\n"
        "time.sleep(60)\n"
    )
    top = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)
    assert top.stdout
    pids = [int(top.stdout.readline()), int(top.stdout.readline())]
    assert all(_alive(pid) for pid in pids)
    top.kill()
    top.wait()
    top.stdout.close()
    deadline = time.monotonic() + 5
    while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(_alive(pid) for pid in pids)


def test_missing_model_is_said_before_rasa_is_imported(tmp_path: Path) -> None:
    started = time.monotonic()
    done = _run("serve", "--model", str(tmp_path / "none"), "--socket", str(tmp_path / "s"))
    assert done.returncode == 1
    assert f"there is no model at {tmp_path / 'none'}" in done.stderr
    assert time.monotonic() - started < 5


def test_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.tar.gz").write_bytes(b"nothing")
    with pytest.raises(ModelRefused, match=r"notes\.tar\.gz is not a model archive"):
        find_model(str(tmp_path / "notes.tar.gz"))


def test_newest_model_of_a_folder_is_taken(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="there is no model"):
        find_model(str(tmp_path))
    for age, name in enumerate(("new", "old")):
        (tmp_path / f"{name}.tar.gz").write_bytes(gzip.compress(b""))
        os.utime(tmp_path / f"{name}.tar.gz", (1_000_000 - age, 1_000_000 - age))
    assert find_model(str(tmp_path)) == str(tmp_path / "new.tar.gz")


def test_socket_left_by_a_killed_brain_is_taken_over(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    listen(path, 0).close()
    with listen(path, 0):
        assert os.stat(path).st_mode & 0o777 == 0o600
        with pytest.raises(CannotStart, match="another brain is listening"):
            listen(path, 0)


def test_place_that_cannot_be_listened_on_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="is not a socket"):
        listen(str(tmp_path / "file"), 0)
    with pytest.raises(CannotStart, match="longer than 107 bytes"):
        listen("/" + "x" * 110, 0)
    with pytest.raises(CannotStart, match=r"cannot listen on .*nowhere"):
        listen(str(tmp_path / "nowhere" / "s"), 0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            listen(None, port)


@pytest.mark.parametrize("options", [("--workers", "0"), ("--turn-timeout-s", "0"), ("--turn-timeout-s", "nan")])
def test_senseless_options_are_refused(options: list[str]) -> None:
    done = _run("serve", "--model", "m", "--socket", "s", *options)
    assert done.returncode == 2
    assert options[0] in done.stderr


def test_wrong_python_is_told_what_to_use() -> None:
    others = [ROOT / ".venv" / "bin" / "python"]
    python = next((str(each) for each in others if each.exists()), None)
    if python is None:
        pytest.skip("needs the service's environment (.venv), made by `uv sync`")
    done = subprocess.run([python, "-m", "brain", "check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "The brain needs Python 3.10" in done.stderr


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "brain", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
