"""Runs the project's custom actions inside the brain, through the executor that `rasa run actions` uses."""

import importlib
import importlib.util
import json
import pickle
from typing import Any

from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException


class InProcessActions(EndpointConfig):
    """An action endpoint without HTTP: `request` calls the executor.

    Like Rasa's own server it sends no domain to actions that do not ask for it (`send_domain: true` in domain.yml).
    """

    def __init__(self, executor: ActionExecutor) -> None:
        super().__init__(url="in-process", selective_domain=True)
        self._executor = executor

    @classmethod
    def from_package(cls, package: str | None) -> "InProcessActions":
        """Register every action of `package` (a module name); none when it is None or there is no such package.

        Raises whatever importing the package raises.
        """
        executor = ActionExecutor()
        if package and importlib.util.find_spec(package) is not None:
            importlib.import_module(package)
            executor.register_package(package)
        return cls(executor)

    @property
    def names(self) -> set[str]:
        """The names of the actions that can be run."""
        return set(self._executor.actions)

    async def request(self, *_: Any, json: dict[str, Any], **__: Any) -> Any:
        """Run the action of the call `json` (see rasa_sdk's webhook) and return its events and responses.

        Raises ClientResponseError as the HTTP endpoint would, and whatever the action raises.
        """
        name = json["next_action"]
        try:
            return await self._executor.run(_as_sent(json))
        except ActionExecutionRejection as error:
            raise ClientResponseError(400, "Bad Request", _dumps({"error": error.message, "action_name": name})) from error
        except ActionNotFoundException as error:
            raise ClientResponseError(404, "Not Found", _dumps({"error": error.message, "action_name": name})) from error


def _as_sent(call: dict[str, Any]) -> Any:
    """A copy, as HTTP would make one: an action that edits its tracker must not edit the conversation."""
    return pickle.loads(pickle.dumps(call, pickle.HIGHEST_PROTOCOL))  # noqa: S301 - our own bytes; a third of JSON's time


def _dumps(value: Any) -> str:
    return json.dumps(value, default=plain)


def plain(value: Any) -> Any:
    """A NumPy scalar or array as plain Python, for `json.dumps(default=...)`. Raises TypeError for anything else."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")
