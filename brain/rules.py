"""Finds the rules that apply without trying every rule.

RulePolicy compares each of its rules with the newest state, for each prediction twice. Nearly all rules name the action
that came before and the intent, so they can be looked up by these and only the few that are left be compared.
"""

import json
from typing import Any

from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.constants import PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import State
from rasa.shared.nlu.constants import ACTION_NAME, INTENT

Named = tuple[str | None, str | None]  # action before, intent


class RuleIndex:
    """The keys of a RulePolicy's lookup by what their newest state names."""

    def __init__(self, lookup: dict[str, Any]) -> None:
        self._lookup = lookup
        self._loose: list[str] = []  # may apply whatever came before
        self._named: dict[Named, list[str]] = {}
        self.longest = 0
        for key in lookup:
            states = json.loads(key)
            self.longest = max(self.longest, len(states))
            newest = states[-1] if states else {}
            action = _wanted(newest, PREVIOUS_ACTION, ACTION_NAME)
            if action is None:
                self._loose.append(key)
            else:
                self._named.setdefault((action, _wanted(newest, USER, INTENT)), []).append(key)

    def is_of(self, lookup: dict[str, Any]) -> bool:
        """Whether this index was made of this very lookup."""
        return self._lookup is lookup

    def candidates(self, newest: State) -> set[str]:
        """A superset of the keys that apply to a conversation whose newest state is `newest`."""
        action = newest.get(PREVIOUS_ACTION, {}).get(ACTION_NAME)
        intent = newest.get(USER, {}).get(INTENT)
        named = self._named
        return {*self._loose, *named.get((action, None), ()), *named.get((action, intent), ())}


def _wanted(state: State, part: str, name: str) -> str | None:
    """The value that `state` insists on, or None where it accepts several."""
    value = state.get(part, {}).get(name)
    return value if isinstance(value, str) and value and value != SHOULD_NOT_BE_SET else None


def possible_keys(policy: RulePolicy, lookup: dict[str, Any], states: list[State]) -> set[str]:
    """The keys of `lookup` that apply to `states` (oldest first), as `RulePolicy._get_possible_keys` finds them."""
    if not states:
        return set(lookup)
    index = _index_of(policy, lookup)
    keys = index.candidates(states[-1])
    # Beyond the longest rule's length every rule applies.
    for age, state in enumerate(reversed(states[-index.longest :] if index.longest else [])):
        if not keys:
            break
        keys = {key for key in keys if policy._is_rule_applicable(key, age, state)}
    return keys


def _index_of(policy: RulePolicy, lookup: dict[str, Any]) -> RuleIndex:
    indexes: list[RuleIndex] = policy.__dict__.setdefault("_rule_indexes", [])
    for index in indexes:
        if index.is_of(lookup):
            return index
    indexes.append(RuleIndex(lookup))
    return indexes[-1]
