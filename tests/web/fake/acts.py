"""What agents do with a conversation of the fake service."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from tests.web.fake.talks import Json, Person, Talk, mistake, now, stamp
from tests.web.fake.world import World


class Acts(World):
    """Commands, and taking them back."""

    async def command(self, talk: Talk, person: Person, verb: str, body: Json) -> web.Response:
        if verb == "note":
            note = {
                "id": f"n{next(self._ids)}",
                "agent": {"id": person.id, "name": person.name},
                "text": body["text"],
                "at": stamp(now()),
            }
            talk.notes.append(note)
            return web.json_response({"note": note})
        if verb == "take":
            if person.capacity is not None and not body.get("above_capacity"):
                held = sum(one.agent is person for one in self.talks.values())
                if held >= person.capacity:
                    return mistake(409, "full", f"Your hands are full: you have {held} of {person.capacity:g}.")
            return await self.take(talk, person)
        if verb == "undo":
            return await self.undo(talk, person, body)
        if talk.agent is not person or talk.owner != "agent":
            return mistake(409, "not_yours", "You don't have this conversation any more.")
        if verb == "say":
            return await self.agent_says(talk, body)
        if verb == "snooze":
            talk.snoozed_until = body["until"]
            return web.json_response({"item": self.item(talk)})
        talk.given_back = body
        talk.owner, talk.agent, talk.episode, talk.waiting_since = (
            ("closed" if body["outcome"] in ("won", "lost") else "bot"),
            None,
            None,
            None,
        )
        talk.notes.append(
            {
                "id": f"n{next(self._ids)}",
                "agent": {"id": person.id, "name": person.name},
                "text": body["summary"],
                "at": stamp(now()),
            }
        )
        await self.to_prospect(talk, {"type": "owner", "owner": talk.owner, "agent": None})
        await self.push_item(talk)
        return web.json_response({"item": self.item(talk)})

    async def undo(self, talk: Talk, person: Person, body: Json) -> web.Response:
        """The opposite act, in short."""
        if self.undo_error is not None:
            return mistake(*self.undo_error)
        self.undone.append(body)
        match body["act"]:
            case "send":
                if not any(one["key"] == body["key"] for one in talk.pending):
                    return mistake(409, "too_late", "Too late: it is on its way to them already.")
                talk.pending = [one for one in talk.pending if one["key"] != body["key"]]
            case "take":
                talk.agent = None
                await self.open_episode(talk)
            case "give_back":
                return await self.take(talk, person)
            case "snooze":
                talk.snoozed_until = None
        return web.json_response({"item": self.item(talk)})

    async def take(self, talk: Talk, person: Person) -> web.Response:
        if talk.agent is not None and talk.agent is not person:
            return mistake(409, "taken", f"{talk.agent.name} has it already.")
        talk.owner, talk.agent = "agent", person
        if talk.episode is None:
            await self.open_episode(talk, "agent_stepped_in")
            talk.owner, talk.agent = "agent", person
        assert talk.episode is not None
        talk.episode |= {
            "status": "accepted",
            "accepted_at": stamp(now()),
            "agent": person.brief(),
            "clock": self.clock("first_words", 60, 60),
        }
        await self.to_prospect(talk, {"type": "owner", "owner": "agent", "agent": person.brief()})
        await self.push_item(talk)
        return web.json_response({"item": self.item(talk)})

    async def agent_says(self, talk: Talk, body: Json) -> web.Response:
        if self.say_status is not None:
            return mistake(*self.say_status)
        known = next((one for one in talk.messages if one.get("key") == body["key"]), None)
        seen = body.get("seen")
        unseen = [one for one in talk.messages if seen is not None and one["seq"] > seen and one["speaker"] == "prospect"]
        if unseen and known is None:
            told = {"code": "wrote_meanwhile", "message": f"{talk.name} wrote meanwhile."}
            shown = [self.desk_message(one) for one in unseen]
            return web.json_response({"error": told | {"messages": shown}}, status=409)
        if self.undo_send_s > 0 and known is None:
            until = stamp(now() + timedelta(seconds=self.undo_send_s))
            waits = self.add(talk, "agent", body["text"], key=body["key"], delivery="queued", undo_until=until)
            talk.messages.remove(waits)
            talk.pending.append(self.desk_message(waits | {"seq": None}))
            return web.json_response({"message": talk.pending[-1]})
        message = known or self.add(talk, "agent", body["text"], key=body["key"])
        if talk.episode:
            talk.episode["clock"] = None
        talk.waiting_since = None
        if known is None:
            await self.push_message(talk, message)
        return web.json_response({"message": self.desk_message(message)})
