"""What each edge of the Graph API does to the world. Synchronous: a call happens in one step or not at all."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from bot.fakes.graph import checks, refusals
from bot.fakes.graph.person import Person
from bot.fakes.graph.records import Action, Comment, Sent
from bot.fakes.graph.refusals import Refusal, bad_parameter
from bot.fakes.graph.world import PAGE_INBOX_APP_ID, World

type Json = dict[str, Any]
type Answer = Json | Refusal

PRIVATE_REPLY = timedelta(days=7)  # Meta, Send a Message, 5 May 2026
PERSONA_NAME_MAX = 50  # Meta, Personas, 22 April 2026
PROFILE_FIELDS = "first_name,last_name,profile_pic"


def send(world: World, body: Json, *, delivered: bool = True) -> Answer:
    """POST /{page}/messages. With `delivered` False all checks hold, but the person never sees the message."""
    now = world.now()
    comment = _comment(world, body)
    if isinstance(comment, Refusal):
        return comment
    psid = comment.psid if comment else recipient_id(body)
    person = None if psid is None else world.recipient(psid)
    refusal = checks.check_send(body, recipient=person, personas=world.personas, now=now, private=comment is not None)
    if refusal is not None:
        return refusal
    if person is None:
        return refusals.NO_MATCHING_USER
    if person.channel == "standby":
        return refusals.THREAD_TAKEN
    message = body.get("message")
    if message is None:
        world.record_action(Action(recipient=person.psid, action=body["sender_action"], persona_id=body.get("persona_id"), at=now))
        return {"recipient_id": person.psid}
    sent = Sent(
        recipient=person.psid,
        message=checks.as_shown(message),
        metadata=message.get("metadata"),
        tag=body.get("tag"),
        messaging_type=body.get("messaging_type"),
        persona_id=body.get("persona_id"),
        at=now,
        mid=world.new_mid(),
        delivered=delivered,
    )
    world.record_sent(sent)
    if comment is not None:
        comment.answered = True
    if delivered and world.conversation_routing and (control := body.get("thread_control")):
        _hand_over(person, control)
    return {"recipient_id": person.psid, "message_id": sent.mid}


def _comment(world: World, body: Json) -> Comment | Refusal | None:
    """The comment that a call answers in private; a refusal where it may not: one message, within seven days."""
    recipient = body.get("recipient")
    comment_id = recipient.get("comment_id") if isinstance(recipient, dict) else None
    if comment_id is None:
        return None
    comment = world.comments.get(str(comment_id))
    if comment is None:
        return refusals.unknown_object(str(comment_id))
    if comment.answered:
        return refusals.COMMENT_ANSWERED
    return comment if world.now() < comment.at + PRIVATE_REPLY else refusals.COMMENT_NOT_OPEN


def recipient_id(body: Mapping[str, Any]) -> str | None:
    """The page-scoped id a call names, None when it names nobody that way."""
    recipient = body.get("recipient")
    psid = recipient.get("id") if isinstance(recipient, dict) else None
    return str(psid) if isinstance(psid, str | int) else None


def page(world: World) -> Answer:
    """GET /me"""
    return {"id": world.page_id, "name": world.page_name}


def debug_token(world: World, token: str | None) -> Answer:
    """GET /debug_token"""
    valid = token == world.token and world.token_trouble is None
    return {"data": {"app_id": world.app_id, "type": "PAGE", "is_valid": valid, "profile_id": world.page_id}}


def profile(world: World, psid: str, fields: str | None) -> Answer:
    """GET /{psid}: the fields asked for, as far as the person has them."""
    person = world.people.get(psid)
    if person is None:
        return refusals.unknown_object(psid)
    if not person.profile:
        return refusals.NO_PROFILE
    asked = (fields or PROFILE_FIELDS).split(",")
    return {name: person.profile[name] for name in asked if name in person.profile} | {"id": psid}


def create_persona(world: World, body: Json) -> Answer:
    """POST /{page}/personas"""
    name, picture = body.get("name"), body.get("profile_picture_url")
    if not isinstance(name, str) or not 0 < len(name) <= PERSONA_NAME_MAX:
        return bad_parameter(f"Param name must be a string of 1 to {PERSONA_NAME_MAX} characters.")
    if not isinstance(picture, str) or not picture.startswith("http"):
        return bad_parameter("Param profile_picture_url must be a url.")
    persona_id = world.new_id()
    world.personas[persona_id] = {"id": persona_id, "name": name, "profile_picture_url": picture}
    return {"id": persona_id}


def list_personas(world: World) -> Answer:
    """GET /{page}/personas"""
    return {"data": [dict(persona) for persona in world.personas.values()]}


def delete_persona(world: World, persona_id: str) -> Answer:
    """DELETE /{persona}"""
    del world.personas[persona_id]
    return {"success": True}


def messenger_profile(world: World, method: str, body: Json, fields: str | None) -> Answer:
    """GET, POST and DELETE /{page}/messenger_profile: greeting, get_started, persistent_menu and so on."""
    profile = world.messenger_profile
    if method == "GET":
        return {"data": [{name: profile[name] for name in (fields or "").split(",") if name in profile}]}
    if method == "DELETE":
        fields_gone = body.get("fields")
        if not isinstance(fields_gone, list):
            return bad_parameter("Param fields must be a list.")
        world.messenger_profile = {name: value for name, value in profile.items() if name not in fields_gone}
        return {"result": "success"}
    profile.update({name: value for name, value in body.items() if name != "access_token"})
    if isinstance(started := body.get("get_started"), dict):
        world.get_started_payload = str(started.get("payload", world.get_started_payload))
    return {"result": "success"}


def subscribed_apps(world: World, method: str) -> Answer:
    """GET, POST and DELETE /{page}/subscribed_apps: POST brings an app back that was unsubscribed after failures."""
    if method == "GET":
        return {"data": [{"id": world.app_id}] if world.webhooks.subscribed else []}
    world.webhooks.subscribed = method == "POST" and world.webhooks.url is not None
    return {"success": True}


def thread_control(world: World, edge: str, body: Mapping[str, Any], psid: str | None) -> Answer:
    """The edges of conversation routing. All need a Page with a default app, else code 27."""
    person = None if psid is None else world.recipient(psid)
    if person is None:
        return refusals.NO_MATCHING_USER
    if not world.conversation_routing:
        return refusals.NO_DEFAULT_APP
    if edge == "thread_owner":
        owner = person.thread_owner
        return {"data": [{"thread_owner": {"app_id": owner}}] if owner else []}
    return _THREAD_VERBS[edge](world, person, body)


def _pass(world: World, person: Person, body: Mapping[str, Any]) -> Answer:
    target = body.get("target_app_id")
    if target is None:
        return bad_parameter("Param target_app_id is required.", 2018164)
    if person.channel == "standby":
        return refusals.THREAD_TAKEN
    person.thread_owner = str(target)
    return {"success": True}


def _take(world: World, person: Person, body: Mapping[str, Any]) -> Answer:
    person.thread_owner = world.app_id
    return {"success": True}


def _request(world: World, person: Person, body: Mapping[str, Any]) -> Answer:
    return {"success": True}


def _release(world: World, person: Person, body: Mapping[str, Any]) -> Answer:
    if person.channel == "standby":
        return refusals.THREAD_TAKEN
    person.thread_owner = None
    return {"success": True}


_THREAD_VERBS: Mapping[str, Callable[[World, Person, Mapping[str, Any]], Answer]] = {
    "pass_thread_control": _pass,
    "take_thread_control": _take,
    "request_thread_control": _request,
    "release_thread_control": _release,
    "extend_thread_control": _request,
}


def _hand_over(person: Person, control: Mapping[str, Any]) -> None:
    passed = control["control_type"] == "pass"
    person.thread_owner = str(control.get("app_id", PAGE_INBOX_APP_ID)) if passed else None


THREAD_EDGES = frozenset(_THREAD_VERBS) | {"thread_owner"}
