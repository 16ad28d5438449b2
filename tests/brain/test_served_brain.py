"""The brain over its socket: purity, statelessness, faults and hot swap, with real processes."""

import gzip
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from served import TURN_TIMEOUT_S, Answer, ServedBrain, turn_request


def without_time(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.json
    return {name: value for name, value in answer.json.items() if name != "elapsed_ms"}


def test_turn_answers_with_events_messages_reading_and_model(served: ServedBrain) -> None:
    answer = served.call("POST", "/turn", turn_request("how much is it")).json
    assert answer["messages"] == [
        {
            "text": "It starts at 49 a month.",
            "quick_replies": [{"title": "What is in it?", "payload": "/price"}],
            "utter_action": "utter_price",
        }
    ]
    assert answer["directives"] == []
    assert answer["failed_actions"] == []
    assert answer["reading"]["intent"]["name"] == "price"
    assert len(answer["reading"]["ranking"]) == 3
    assert answer["model"] == "one.tar.gz"
    assert [event["event"] for event in answer["events"]] == [
        "action", "session_started", "action", "user", "user_featurization", "action", "bot", "action",
    ]  # fmt: skip


def test_read_understands_without_taking_a_turn(served: ServedBrain) -> None:
    answer = served.call("POST", "/read", {"text": "get me a human"})
    assert answer.status == 200
    assert answer.json["intent"]["name"] == "human"
    assert answer.json["text"] == "get me a human"
    assert set(answer.json) == {"text", "intent", "ranking", "entities"}


def test_same_request_gets_the_same_answer_from_every_worker(served: ServedBrain) -> None:
    first = served.call("POST", "/turn", turn_request("hi")).json["events"]
    request = turn_request("hello you", tuple(first), message={"text": "hello you", "message_id": "m-2"})
    answers: list[dict[str, Any]] = []

    def ask() -> None:
        connection = served.connect()
        answers.extend(without_time(connection.call("POST", "/turn", request)) for _ in range(10))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 40
    assert all(answer == answers[0] for answer in answers)


def test_nothing_of_one_conversation_shows_in_the_next(served: ServedBrain) -> None:
    fresh = without_time(served.call("POST", "/turn", turn_request("show the tracker")))
    for _ in range(4):
        served.call("POST", "/turn", turn_request("get me a human", conversation_id="c-other"))
    assert without_time(served.call("POST", "/turn", turn_request("show the tracker"))) == fresh


def test_hung_action_gets_504_and_its_worker_is_replaced(served: ServedBrain) -> None:
    before = set(served.health()["worker_pids"])
    started = time.monotonic()
    answer = served.call("POST", "/turn", turn_request("please hang"))
    assert answer.status == 504
    assert time.monotonic() - started < TURN_TIMEOUT_S + 1
    served.wait_for(lambda: len(served.health()["worker_pids"]) == 2)
    after = set(served.health()["worker_pids"])
    assert len(before & after) == 1
    assert served.call("POST", "/turn", turn_request("hi")).status == 200


def test_killed_worker_is_replaced_and_no_turn_fails(served: ServedBrain) -> None:
    statuses: list[int] = []

    def talk() -> None:
        connection = served.connect()
        statuses.extend(connection.call("POST", "/turn", turn_request("hi")).status for _ in range(60))
        connection.close()

    threads = [threading.Thread(target=talk) for _ in range(3)]
    for thread in threads:
        thread.start()
    victim = served.health()["worker_pids"][0]
    os.kill(victim, signal.SIGKILL)
    for thread in threads:
        thread.join()
    assert statuses == [200] * 180
    served.wait_for(lambda: len(served.health()["worker_pids"]) == 2)
    assert victim not in served.health()["worker_pids"]


def test_killed_loader_is_replaced_with_its_workers(served: ServedBrain) -> None:
    before = served.health()
    os.kill(_parent_of(before["worker_pids"][0]), signal.SIGKILL)
    served.wait_for(lambda: not set(served.health()["worker_pids"]) & set(before["worker_pids"]))
    served.wait_for(lambda: len(served.health()["worker_pids"]) == 2)
    after = served.health()
    assert after["model_sha256"] == before["model_sha256"]
    assert served.call("POST", "/turn", turn_request("hi")).status == 200


def _parent_of(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[1])


def test_broken_model_is_refused_and_the_old_one_stays(served: ServedBrain, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(gzip.compress(b"not a model"))
    before = served.health()
    answer = served.call("POST", "/model", {"path": str(broken)})
    assert answer.status == 422
    assert str(broken) in answer.json["error"]
    assert served.health()["worker_pids"] == before["worker_pids"]
    assert served.call("POST", "/turn", turn_request("hi")).json["model"] == before["model"]


def test_path_that_is_no_model_is_a_bad_request(served: ServedBrain, tmp_path: Path) -> None:
    for path in (tmp_path / "none.tar.gz", tmp_path, Path(__file__)):
        answer = served.call("POST", "/model", {"path": str(path)})
        assert (answer.status, answer.json["field"]) == (400, "path")


@pytest.mark.parametrize(
    ("request_body", "field"),
    [
        ({**turn_request("hi"), "conversation_id": 7}, "conversation_id"),
        ({**turn_request("hi"), "conversation_id": " "}, "conversation_id"),
        ({**turn_request("hi"), "events": None}, "events"),
        ({**turn_request("hi"), "events": [7]}, "events[0]"),
        ({**turn_request("hi"), "events": [{"event": "slot", "name": "shop"}, {"event": "nonsense"}]}, "events[1].event"),
        ({**turn_request("hi"), "events": [{"event": "slot"}]}, "events[0]"),
        ({**turn_request("hi"), "message": "hi"}, "message"),
        ({**turn_request("hi"), "message": {"message_id": "m"}}, "message.text"),
        ({**turn_request("hi"), "message": {"text": "hi"}}, "message.message_id"),
        ({**turn_request("hi"), "now": "today"}, "now"),
        (["hi"], "body"),
    ],
)
def test_bad_turn_is_refused_by_the_field_at_fault(served: ServedBrain, request_body: Any, field: str) -> None:
    answer = served.call("POST", "/turn", request_body)
    assert (answer.status, answer.json["field"]) == (400, field)


def test_body_that_is_not_json_is_refused(served: ServedBrain) -> None:
    answer = served.call("POST", "/turn", raw=b"{")
    assert (answer.status, answer.json["field"]) == (400, "body")


def test_body_above_a_mebibyte_is_refused(served: ServedBrain) -> None:
    assert served.call("POST", "/turn", turn_request("x" * (1 << 20))).status == 413


def test_long_text_just_below_the_limit_is_answered_or_timed_out(served: ServedBrain) -> None:
    answer = served.call("POST", "/turn", turn_request("word " * 190_000))
    assert answer.status in (200, 504)
    served.wait_for(lambda: served.health()["workers"] == 2)
    assert served.call("POST", "/turn", turn_request("hi")).status == 200


def test_unknown_path_and_method_are_refused_as_json(served: ServedBrain) -> None:
    assert served.call("GET", "/nowhere").status == 404
    assert served.call("GET", "/turn").status == 405


def test_connection_is_kept_alive(served: ServedBrain) -> None:
    connection = served.connect()
    connection.call("GET", "/health")
    kept = connection.sock
    assert connection.call("POST", "/nowhere", {}).status == 404
    assert connection.call("POST", "/turn", turn_request("hi")).status == 200
    assert connection.sock is kept
    connection.close()


def test_health_tells_model_workers_and_turns(served: ServedBrain) -> None:
    before = served.health()
    served.call("POST", "/turn", turn_request("hi"))
    after = served.health()
    assert after["status"] == "ok"
    assert len(after["model_sha256"]) == 64
    assert after["pid"] == served.process.pid
    assert after["workers"] == 2
    assert after["turns"] == before["turns"] + 1


def test_logs_are_json_lines_without_a_persons_words(served: ServedBrain) -> None:
    served.call("POST", "/turn", turn_request("break everything secretword"))
    served.call("POST", "/turn", turn_request('/my_name{"nowhere": "secretword"}'))
    assert {"action.failed", "worker.started", "brain.ready"} <= {entry["event"] for entry in served.log}
    assert "secretword" not in served.log_path.read_text()


# The last, since the brain keeps the second model.
def test_hot_swap_under_load_drops_no_turn(served: ServedBrain, models: Path) -> None:
    answers: list[Answer] = []
    after: list[Answer] = []
    swapped = threading.Event()

    def talk() -> None:
        connection = served.connect()
        while not swapped.is_set():
            answers.append(connection.call("POST", "/turn", turn_request("how much is it")))
        after.append(connection.call("POST", "/turn", turn_request("how much is it")))
        connection.close()

    threads = [threading.Thread(target=talk) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        answer = served.call("POST", "/model", {"path": str(models / "two.tar.gz")})
    finally:
        swapped.set()
        for thread in threads:
            thread.join()
    assert answer.status == 200, answer.json
    assert (answer.json["model"], answer.json["workers"]) == ("two.tar.gz", 2)
    assert {each.status for each in (*answers, *after)} == {200}
    assert {each.json["model"] for each in answers[:2]} == {"one.tar.gz"}
    assert {each.json["model"] for each in after} == {"two.tar.gz"}
    assert after[-1].json["messages"][0]["text"] == "It starts at 59 a month."
    assert served.health()["model"] == "two.tar.gz"
