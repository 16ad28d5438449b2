"""A talk with the bot without a model: rules pick the action, the executor runs it, the domain gives the words."""

import asyncio
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from rasa_sdk.executor import ActionExecutor
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]


def read_yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


@cache
def domain() -> dict[str, Any]:
    return read_yaml(ROOT / "domain.yml")


@cache
def rules() -> dict[str, list[str]]:
    """The actions that the rules give for each intent."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "data" / "rules").glob("*.yml")):
        for rule in read_yaml(path)["rules"]:
            first, *rest = rule["steps"]
            found[first["intent"]] = [step["action"] for step in rest]
    return found


@cache
def executor() -> ActionExecutor:
    made = ActionExecutor()
    made.register_package("actions")
    return made


@dataclass
class Turn:
    """What the bot did with one message."""

    said: list[str] = field(default_factory=list)
    bubbles: list[dict[str, Any]] = field(default_factory=list)
    directives: list[dict[str, Any]] = field(default_factory=list)

    @property
    def buttons(self) -> list[dict[str, str]]:
        return [button for bubble in self.bubbles for button in bubble["buttons"]]

    @property
    def wordings(self) -> list[list[str]]:
        """For each bubble all its wordings, filled in."""
        return [bubble["wordings"] for bubble in self.bubbles]


@dataclass
class Talk:
    """One conversation; `slots` is what is remembered."""

    slots: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.slots = {**dict.fromkeys(domain()["slots"]), **self.slots}

    def hear(self, intent: str, text: str = "", *, ranking: tuple[str, ...] = (), **entities: str) -> Turn:
        """The prospect says something that is read as `intent`; gives back what the bot did."""
        parse = {
            "text": text or f"/{intent}",
            "intent": {"name": intent, "confidence": 0.9},
            "entities": [{"entity": name, "value": value} for name, value in entities.items()],
            "intent_ranking": [{"name": name, "confidence": 0.1} for name in ranking],
        }
        self.events.append({"event": "user", "text": parse["text"], "parse_data": parse})
        turn = Turn()
        for action in rules()[intent]:
            self.events.append({"event": "action", "name": action})
            if action.startswith("utter_"):
                self._utter(turn, {"response": action})
            else:
                self._run(turn, action, parse)
        return turn

    def flow_says(self, text: str) -> None:
        """A flow's bubble, as the service notes it in the tracker."""
        self.events.append({"event": "bot", "text": text, "data": {}, "metadata": {"speaker": "flow"}})

    def _run(self, turn: Turn, action: str, parse: dict[str, Any]) -> None:
        tracker = {"sender_id": "someone", "slots": self.slots, "latest_message": parse, "events": self.events}
        call = {"next_action": action, "sender_id": "someone", "tracker": tracker, "domain": {}}
        result = asyncio.run(executor().run(call))
        for response in result["responses"]:
            self._utter(turn, response)
        for event in result["events"]:
            assert event["event"] == "slot", event
            assert event["name"] in self.slots, event
            self.slots[event["name"]] = event["value"]
            self.events.append(event)

    def _utter(self, turn: Turn, response: dict[str, Any]) -> None:
        name = response.get("response")
        if not name:
            directive = response["custom"]
            turn.directives.append(directive)
            self.events.append({"event": "bot", "text": None, "data": {"custom": directive}, "metadata": {}})
            return
        variants = domain()["responses"][name]
        values = {key: value for key, value in response.items() if isinstance(value, str)}
        wordings = [variant["text"].format(**values) for variant in variants]
        # Rasa fills payloads too, so their own braces are doubled in the domain.
        own = [{**button, "payload": button["payload"].format(**values)} for button in variants[0].get("buttons") or []]
        buttons = [*own, *(response.get("buttons") or [])]
        turn.said.append(name)
        turn.bubbles.append({"wordings": wordings, "buttons": buttons})
        self.events.append(
            {"event": "bot", "text": wordings[0], "data": {"buttons": buttons}, "metadata": {"utter_action": name}}
        )
