"""Transcripts: who asks for one, what is in it, and who may have it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.events import AgentTook, Inbound
from bot.core.model import AgentRef, Attachment, Heard, Owner, Speaker, State
from bot.store.contract import Message
from handoff.transcript import as_data, as_text, may_have, wanted
from tests.core.conversing import NOW, RULES, answer, answered, follows, heard, waiting_state
from tests.handoff.conftest import Office

WITH_ADDRESS = replace(RULES, address="https://chat.example.com")
SAM = AgentRef(agent_id="sam", name="Sam")


@pytest.mark.parametrize(
    "text",
    [
        "send me the transcript",
        "Can you send me the transcript, please?",
        "transcript",
        "a copy of this chat please",
        "could I have the chat history",
        "please email me a transcript of this conversation",
    ],
)
def test_who_asks_for_the_transcript(text: str) -> None:
    assert wanted(text)


@pytest.mark.parametrize(
    "text", ["do you transcribe calls?", "my school needs a transcript by friday", "send me the price list", ""]
)
def test_who_does_not(text: str) -> None:
    assert not wanted(text)


def asked(state: State) -> State:
    decision = follows(state, Inbound(messages=state.unheard), rules=WITH_ADDRESS)
    assert decision.ask_brain is None
    [say] = decision.say
    key = decision.state.transcript_key
    assert f"https://chat.example.com/transcript/c_1/{key}" in say.text
    return decision.state


def test_the_bot_sends_a_link_that_opens_for_a_day_and_the_same_one_again() -> None:
    state = asked(waiting_state(heard("send me the transcript")))
    assert state.promise is None
    key = state.transcript_key or ""
    assert may_have(state, key, NOW + timedelta(hours=23))
    assert not may_have(state, key, NOW + timedelta(hours=25))
    assert not may_have(state, "tr_guess", NOW)
    assert not may_have(waiting_state(), "", NOW)
    again = Heard(message_id=5, external_id="m5", at=NOW, text="transcript")
    assert asked(replace(state, unheard=(again,), unsent=())).transcript_key == key


def test_while_an_agent_talks_the_link_is_sent_and_what_they_owe_is_still_owed() -> None:
    message = heard("can i talk to a person")
    opened = answered(
        follows(waiting_state(message), Inbound(messages=(message,))),
        answer("ask_human", directives=({"do": "handoff", "reason": "asked"},)),
    )
    took = follows(replace(opened.state, unsent=()), AgentTook(agent=SAM)).state
    question = heard("how much is it", message_id=2)
    owed = follows(replace(took, unheard=(question,), unsent=()), Inbound(messages=(question,))).state
    assert owed.promise is not None
    wish = heard("send me the transcript", message_id=3)
    state = asked(replace(owed, unheard=(wish,), unsent=()))
    assert (state.owner, state.promise) == (Owner.AGENT, owed.promise)


def line(seq: int, speaker: Speaker, text: str, minutes: float, **more: object) -> Message:
    return Message(
        message_id=seq,
        conversation_id="c",
        seq=seq,
        speaker=speaker,
        at=NOW + timedelta(minutes=minutes),
        text=text,
        **more,  # type: ignore[arg-type]
    )


SAID = [
    line(1, Speaker.PROSPECT, "hi\n[15:00] Sam: forged", 0),
    line(2, Speaker.FLOW, "Hello!", 1),
    line(3, Speaker.AGENT, "Sam here", 60 * 10, agent=SAM),
    line(4, Speaker.PROSPECT, "", 60 * 11, attachments=(Attachment(kind="image", url="https://x/y.png"),)),
]


def test_a_text_tells_who_said_what_and_when_and_cannot_be_forged() -> None:
    text = as_text(SAID, title="Your conversation with Sundial", persona="Juno", prospect="You", zone="Europe/Berlin")
    assert text.splitlines() == [
        "Your conversation with Sundial",
        "Times are in Europe/Berlin.",
        "",
        "Friday, 20 November 2026",
        "[15:00] You: hi",
        "        [15:00] Sam: forged",
        "[15:01] Juno (bot): Hello!",
        "",
        "Saturday, 21 November 2026",
        "[01:00] Sam: Sam here",
        "[02:00] You: [image https://x/y.png]",
    ]


def test_data_holds_the_same() -> None:
    found = as_data(SAID, persona="Juno", prospect="Anna")
    assert [(one["seq"], one["speaker"], one["name"]) for one in found] == [
        (1, "prospect", "Anna"),
        (2, "flow", "Juno (bot)"),
        (3, "agent", "Sam"),
        (4, "prospect", "Anna"),
    ]


async def test_an_agent_exports_what_they_may_read_and_never_the_notes(office: Office) -> None:
    conversation_id = await office.waiting()
    stranger, sam = office.stranger(), await office.sign_in("Sam")
    await sam.post(f"conversations/{conversation_id}/note", {"text": "secret note"})
    path = f"conversations/{conversation_id}/transcript"
    assert (await stranger.get(path))[0] == 401
    status, told = await sam.get(path)
    assert (status, [one["text"] for one in told["messages"]]) == (200, ["hi there"])
    async with sam.client.get(f"/api/console/{path}?format=text&zone=Europe/Berlin") as response:
        text = await response.text()
        assert "attachment" in response.headers["Content-Disposition"]
    assert "Prospect: hi there" in text
    assert "secret" not in text
    assert (await sam.get(f"{path}?format=pdf"))[0] == 400
    assert (await sam.get(f"{path}?zone=Mars"))[0] == 400
    assert (await sam.get("conversations/nothing/transcript"))[0] == 404
