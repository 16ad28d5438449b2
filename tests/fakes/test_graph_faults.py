"""Faults on demand: what the caller sees, and what reached the person all the same."""

import asyncio
import json
import random
from datetime import timedelta

import aiohttp
import pytest

from bot.fakes.graph import Call, FaultKind, Faults
from bot.fakes.graph.errors import FaultError
from bot.fakes.graph.faults import ERRORS


@pytest.fixture
async def graph(make_graph):
    return await make_graph(any_recipient=True)


@pytest.fixture
def client(graph, make_client):
    return make_client(graph)


def delivered(graph):
    return [(sent.text, sent.delivered) for sent in graph.sent]


@pytest.mark.parametrize("kind", ERRORS)
async def test_error_fault_answers_with_its_code_and_delivers_nothing(graph, client, code_of, kind):
    graph.faults.next(kind)
    answer = await client.says("anna", "one")
    assert (answer[0], code_of(answer)) == (ERRORS[kind].status, (ERRORS[kind].code, ERRORS[kind].subcode))
    assert (await client.says("anna", "two"))[0] == 200
    assert delivered(graph) == [("two", True)]


async def test_bad_gateway_answers_html(graph, client):
    graph.faults.next("bad_gateway")
    with pytest.raises(aiohttp.ContentTypeError):
        await client.says("anna", "one")
    assert graph.sent == []
    assert [(struck.kind, struck.operation, struck.recipient) for struck in graph.struck] == [("bad_gateway", "message", "anna")]


async def test_drop_breaks_the_connection_but_the_message_arrived(graph, client):
    graph.faults.next("drop")
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.says("anna", "one")
    assert delivered(graph) == [("one", True)]


async def test_drop_before_breaks_the_connection_and_nothing_arrived(graph, client):
    graph.faults.next("drop_before")
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.says("anna", "one")
    assert delivered(graph) == [("one", False)]
    assert graph.people["anna"].inbox == []


async def test_hang_never_answers_and_ends_with_the_fake(make_graph, make_client):
    graph = await make_graph(any_recipient=True)
    struck = asyncio.Event()
    graph.faults.next("hang", where=lambda call: struck.set() is None)
    call = asyncio.create_task(make_client(graph).says("anna", "one"))
    await struck.wait()
    assert delivered(graph) == [("one", False)]
    assert not call.done()
    await graph.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await call


async def test_late_delivers_after_the_caller_gave_up(make_graph, make_client):
    gave_up = asyncio.Event()

    async def until_caller_gave_up(seconds):
        await gave_up.wait()

    graph = await make_graph(any_recipient=True, sleep=until_caller_gave_up)
    graph.faults.next("late", delay_s=60)
    body = {"recipient": {"id": "anna"}, "message": {"text": "one"}}
    with pytest.raises(TimeoutError):
        await make_client(graph).call("POST", "/me/messages", body, timeout=aiohttp.ClientTimeout(total=0.05))
    assert graph.sent == []
    gave_up.set()
    await graph.person("anna").waits_for(1)
    assert delivered(graph) == [("one", True)]


async def test_slow_delivers_at_once_and_answers_after_the_delay(graph, client, clock):
    started = clock.at
    graph.faults.next("slow", delay_s=4)
    assert (await client.says("anna", "one"))[0] == 200
    assert (graph.sent[0].at, clock.at) == (started, started + timedelta(seconds=4))


async def test_garbled_answer_is_half_a_body_of_a_message_that_arrived(graph, client):
    graph.faults.next("garbled")
    with pytest.raises(json.JSONDecodeError):
        await client.says("anna", "one")
    assert delivered(graph) == [("one", True)]


async def test_fault_strikes_as_often_as_told_and_only_messages(graph, client):
    graph.faults.next("temporary", times=2)
    assert (await client.send("anna", sender_action="typing_on"))[0] == 200
    assert [(await client.says("anna", "one"))[0] for _ in range(3)] == [503, 503, 200]


async def test_fault_strikes_where_told(graph, client):
    graph.faults.next("temporary", where={"recipient": "ben"})
    graph.faults.next("unknown", where={"operation": "sender_action"})
    graph.faults.next("send_failed", where=lambda call: call.metadata == "out-7")
    assert (await client.says("anna", "hi"))[0] == 200
    assert (await client.says("ben", "hi"))[0] == 503
    assert (await client.send("anna", sender_action="typing_on"))[0] == 500
    assert (await client.says("anna", "hi", "out-7"))[1]["error"]["code"] == 1200
    assert not graph.faults


async def test_fault_strikes_profile_calls(graph, client):
    graph.person("anna", first_name="Anna")
    graph.faults.next("temporary", where={"operation": "profile"})
    assert (await client.call("GET", "/anna"))[0] == 503
    assert (await client.call("GET", "/anna"))[0] == 200


def test_random_faults_repeat_with_the_seed():
    def drawn(seed):
        faults = Faults(random.Random(seed))
        faults.random("drop", 0.3)
        return [faults.draw(Call(operation="message")) is not None for _ in range(1000)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 250 < sum(drawn(1)) < 350


def test_random_faults_leave_the_next_ordered_one_its_turn():
    faults = Faults(random.Random(0))
    faults.random("drop", 0.0)
    faults.next("hang")
    fault = faults.draw(Call(operation="message"))
    assert fault is not None
    assert fault.kind is FaultKind.HANG


@pytest.mark.parametrize(
    ("described", "complaint"),
    [
        ({}, "faults.json: a list"),
        (["hang"], r"faults.json\[0\]: an object with a kind"),
        ([{"kind": "hang"}, {"kind": "quake"}], r"faults.json\[1\]: kind: 'quake' is none of unknown, "),
        ([{"kind": "hang", "often": 1}], r"faults.json\[0\]: unknown field 'often'"),
        ([{"kind": "hang", "times": 0}], r"faults.json\[0\]: times: 0 is below 1"),
        ([{"kind": "hang", "times": "2"}], r"faults.json\[0\].times: '2' is not a number"),
        ([{"kind": "hang", "rate": 2}], r"faults.json\[0\]: rate: 2 is not between 0 and 1"),
        ([{"kind": "hang", "where": "anna"}], r"faults.json\[0\].where: an object"),
        ([{"kind": "hang", "where": {"who": "anna"}}], r"faults.json\[0\]: where: 'who' is none of operation, "),
    ],
)
def test_faults_file_that_is_wrong_arms_nothing_and_says_where(tmp_path, described, complaint):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps(described))
    faults = Faults(random.Random(0))
    with pytest.raises(FaultError, match=complaint):
        faults.load_file(path)
    assert not faults


def test_faults_file_that_is_right_arms_all(tmp_path):
    path = tmp_path / "faults.json"
    path.write_text('[{"kind": "drop", "rate": 0.5}, {"kind": "late", "times": 2, "delay_s": 30, "where": {"text": "x"}}]')
    faults = Faults(random.Random(0))
    faults.load_file(path)
    drawn = [faults.draw(Call(operation="message", text="x")) for _ in range(40)]
    late = [fault for fault in drawn if fault is not None and fault.kind is FaultKind.LATE]
    assert [fault.delay_s for fault in late] == [30, 30]


def test_faults_file_missing_or_not_json_is_named(tmp_path):
    faults = Faults(random.Random(0))
    with pytest.raises(FaultError, match=r"gone\.json: No such file"):
        faults.load_file(tmp_path / "gone.json")
    (tmp_path / "half.json").write_text("[")
    with pytest.raises(FaultError, match=r"half\.json: not JSON"):
        faults.load_file(tmp_path / "half.json")
