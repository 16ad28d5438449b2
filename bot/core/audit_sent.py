"""What was sent, judged afterwards: rows I3 to I8 and I10 as far as a message that left shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from bot.core.audit import Finding
from bot.core.model import Speaker
from bot.core.sent import CONSENT_KINDS, OWNER_KINDS, FlowSaid, Sent
from bot.core.window import SendAs, rule_for
from nurture.flow import Flow
from nurture.timing import known_zone, may_send

IN_FLIGHT = timedelta(seconds=2)
"""Words that were handed over within this time of a change (an agent took, the person said stop) were on their way already."""

PACED = timedelta(minutes=2)
"""A flow's words may leave this long after they were decided: they are typed, and one follows the other."""

TWICE_WITHIN = timedelta(minutes=1)
"""The same step said again so soon was said by two effects of one clock; a flow that goes round rests longer."""


def findings_of_sent(sent: Sent, flows: Mapping[str, Flow], default_zone: str) -> list[Finding]:
    """Everything that is wrong with a message that left. `flows` by id and the zone of last resort judge quiet hours and caps."""
    codes = [*_order(sent), *_consent(sent), *_window(sent), *_flow(sent, flows, default_zone)]
    if sent.speaker in (Speaker.BOT, Speaker.FLOW) and _since(sent, OWNER_KINDS) is not None:
        codes.append("bot_over_agent")
    if not sent.same_person:
        codes.append("identity_mixed")
    of, key = sent.conversation_id, str(sent.message_id)
    return [Finding(code=code, at=sent.left_at, conversation_id=of, key=key) for code in codes]


def _since(sent: Sent, kinds: Mapping[str, bool]) -> datetime | None:
    """Since when the latest of these turns held as the message left, if it is one that holds."""
    before = [turn for turn in sent.turns if turn.kind in kinds and turn.at <= sent.left_at]
    if not before or not kinds[before[-1].kind] or before[-1].at + IN_FLIGHT >= sent.left_at:
        return None
    return before[-1].at


def _order(sent: Sent) -> Iterator[str]:
    later_first = sent.earlier_id is not None and sent.earlier_id > sent.message_id
    # One that was given up and turned out to have arrived gets its place late; it left before.
    if later_first and sent.earlier_left_at is not None and sent.left_at >= sent.earlier_left_at:
        yield "out_of_order"
    if sent.twin_id is not None:
        yield "sent_twice"
    if sent.due_at is not None and sent.left_at < sent.due_at:
        yield "sent_early"


def _consent(sent: Sent) -> Iterator[str]:
    stopped_at = _since(sent, CONSENT_KINDS)
    if stopped_at is None:
        return
    if sent.speaker is Speaker.LADDER and "opted_out" in sent.wording:
        confirmed = sent.earlier_left_at is not None and sent.earlier_left_at > stopped_at and "opted_out" in sent.earlier_wording
        if confirmed:
            yield "sent_after_stop"
        return
    wrote_since = sent.last_inbound_at is not None and sent.last_inbound_at > stopped_at
    if sent.speaker is Speaker.FLOW or not wrote_since:
        yield "sent_after_stop"


def _window(sent: Sent) -> Iterator[str]:
    by_person = sent.speaker is Speaker.AGENT
    if sent.sent_as == SendAs.HUMAN_AGENT and not by_person:
        yield "human_tag"
    rule = rule_for(sent.channel)
    length = rule.by_action["message"]
    if length is None or sent.last_inbound_at is None:
        return
    open_for = length
    # Before it was kept as what a message was sent, a person's words are given the benefit.
    if by_person and rule.human is not None and sent.sent_as in (SendAs.HUMAN_AGENT, None):
        open_for = rule.human
    if sent.left_at > sent.last_inbound_at + open_for + IN_FLIGHT:
        yield "outside_window"


def _flow(sent: Sent, flows: Mapping[str, Flow], default_zone: str) -> Iterator[str]:
    """Only words said unprompted are bound; an answer may come at any hour."""
    if sent.speaker is not Speaker.FLOW or sent.prompted is not False:
        return
    mine = FlowSaid(decided_at=sent.decided_at, enrolment_id=sent.enrolment_id, wording=sent.wording)
    others = [said for said in sent.flow_before if said.decided_at != mine.decided_at]
    if any(
        said.step == mine.step and said.enrolment_id == mine.enrolment_id and mine.decided_at - said.decided_at < TWICE_WITHIN
        for said in others
    ):
        yield "step_twice"
    flow = flows.get(mine.step.partition("/")[0])
    # Rules that were edited since did not bind it.
    if flow is None or flow.version != sent.flow_version:
        return
    zone = known_zone(sent.zone, flow.zone, default_zone)
    if not may_send(sent.decided_at, flow.rules, zone) or not any(
        may_send(at, flow.rules, zone) for at in (sent.left_at, sent.left_at - PACED)
    ):
        yield "quiet_hours"
    times = {said.decided_at for said in others} | {mine.decided_at}
    # Decided and committed differ by moments, so a cap's time is taken a little short.
    if any(sum(at > mine.decided_at - cap.within + TWICE_WITHIN for at in times) > cap.messages for cap in flow.caps):
        yield "over_cap"
