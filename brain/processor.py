"""Rasa's message processor, driven by one request's tracker instead of a tracker store."""

from contextvars import ContextVar
from pathlib import Path
from typing import Any

import jsonschema
from rasa.core import processor as rasa_processor
from rasa.core.actions.action import Action, ActionExecutionRejection, RemoteAction
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies import memoization, rule_policy
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.engine import loader
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.core.constants import ACTION_SESSION_START_NAME, SESSION_START_METADATA_SLOT
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.common import TempDirectoryPath, get_temp_dir_name

from brain.in_process import InProcessActions
from brain.logs import get_logger, where
from brain.responses import SeededResponses
from brain.rules import possible_keys
from brain.runner import SequentialGraphRunner
from brain.tracker import Moment, TurnTracker, has_talk

# Seconds since the epoch by the turn's clock; set before each turn.
turn_now: ContextVar[float] = ContextVar("turn_now")

# The actions that failed in the turn under way, as `{"action": name, "error": kind}`; set before each turn.
turn_failures: ContextVar[list[dict[str, str]]] = ContextVar("turn_failures")

log = get_logger()


class TurnChannel(OutputChannel):
    """Carries the input channel's name, for channel-specific responses. Messages are read from the events instead."""

    def __init__(self, input_channel: str) -> None:
        self._input_channel = input_channel

    def name(self) -> str:  # type: ignore[override]
        return self._input_channel

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        return None


class TurnProcessor(MessageProcessor):
    """A MessageProcessor without stores: takes a tracker, leaves the turn's events on it."""

    def __init__(self, model_path: Path, actions: InProcessActions) -> None:
        super().__init__(
            model_path=model_path,
            tracker_store=None,
            lock_store=None,
            generator=SeededResponses({}),
            action_endpoint=actions,
            on_circuit_break=None,
        )
        self.nlg.responses = self.domain.responses

    @staticmethod
    def _load_model(model_path: Path) -> tuple[str, Any, SequentialGraphRunner]:  # type: ignore[override]
        with TempDirectoryPath(get_temp_dir_name()) as directory:
            metadata, runner = loader.load_predict_graph_runner(
                Path(directory), Path(model_path), LocalModelStorage, SequentialGraphRunner
            )
        return Path(model_path).name, metadata, runner

    async def take_turn(self, tracker: TurnTracker, message: UserMessage) -> None:
        """Do for `message` what `handle_message` does between loading and saving the tracker."""
        tracker.model_id = self.model_metadata.model_id
        tracker.assistant_id = self.model_metadata.assistant_id
        channel = message.output_channel
        await self._start_session_if_due(tracker, channel, message.metadata)
        await self._handle_message_with_tracker(message, tracker)
        tracker = await self.run_action_extract_slots(channel, tracker)
        await self._run_prediction_loop(channel, tracker)

    async def _start_session_if_due(self, tracker: TurnTracker, channel: OutputChannel, metadata: dict[str, Any] | None) -> None:
        """As `_update_tracker_session`, but lines the bot said first (a flow's hello) do not count as a session."""
        if has_talk(tracker.applied_events()) and not self._has_session_expired(tracker):
            return
        if metadata:
            tracker.update(SlotSet(SESSION_START_METADATA_SLOT, metadata), self.domain)
        await self._run_action(
            action=self._get_action(ACTION_SESSION_START_NAME),
            tracker=tracker,
            output_channel=channel,
            nlg=self.nlg,
            prediction=PolicyPrediction.for_action_name(self.domain, ACTION_SESSION_START_NAME),
        )

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        # Rasa goes on without the events of an action that failed; the service must hear of it.
        return await super()._run_action(_Watched(action), tracker, output_channel, nlg, prediction)

    def _has_session_expired(self, tracker: DialogueStateTracker) -> bool:
        """As Rasa's, by the turn's clock."""
        session = self.domain.session_config
        if not session.are_sessions_enabled():
            return False
        last: UserUttered | None = tracker.get_last_event_for(UserUttered)
        return last is not None and (turn_now.get() - last.timestamp) / 60 > session.session_expiration_time

    def _check_for_unseen_features(self, parse_data: dict[str, Any]) -> None:
        """Nothing: Rasa checks on each message what only a mismatch of model and domain could break."""

    @staticmethod
    def _log_slots(tracker: DialogueStateTracker) -> None:
        """Nothing: it writes people's slots to the debug log."""


class _Watched(Action):
    """An action whose failure is noted before Rasa passes over it."""

    def __init__(self, action: Action) -> None:
        self._action = action
        self.name = action.name
        self.event_for_successful_execution = action.event_for_successful_execution

    async def run(
        self,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker,
        domain: Domain,
    ) -> list[Event]:
        try:
            return await self._action.run(output_channel, nlg, tracker, domain)
        except ActionExecutionRejection:
            raise
        except Exception as error:
            cause = _root_cause(error)
            kind = type(cause).__name__
            turn_failures.get().append({"action": self.name(), "error": kind})
            log.error("action.failed", action=self.name(), error=kind, raised=where(cause.__traceback__))
            raise


def _root_cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


class _NoCopies:
    """Stands for the module `copy` where Rasa uses it only to copy the arguments of debug lines."""

    @staticmethod
    def deepcopy(value: Any) -> Any:
        return value


_RESULT_SCHEMA = RemoteAction.action_response_format_spec()
_ACTION_RESULT = jsonschema.validators.validator_for(_RESULT_SCHEMA)(_RESULT_SCHEMA)


def _validate_action_result(_: RemoteAction, result: dict[str, Any]) -> bool:
    """As Rasa's, with the schema read once."""
    _ACTION_RESULT.validate(result)
    return True


_state_of_tracker = Domain.get_active_state


def _get_active_state(domain: Domain, tracker: Any, omit_unset_slots: bool = False) -> State:
    """As Rasa's, taking a remembered moment's state as it is."""
    if isinstance(tracker, Moment) and not omit_unset_slots:
        return tracker.copy_state()
    state: State = _state_of_tracker(domain, tracker, omit_unset_slots)
    return state


def speed_up_rasa() -> None:
    """Take out of Rasa what costs time in each turn and changes no answer. For the whole process."""
    for module in (rasa_processor, memoization, rule_policy):
        module.copy = _NoCopies
    RemoteAction._validate_action_result = _validate_action_result
    Domain.get_active_state = _get_active_state
    rule_policy.RulePolicy._get_possible_keys = possible_keys
