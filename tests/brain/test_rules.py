"""The rule index finds exactly the rules that RulePolicy finds by trying each."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.policies.rule_policy import RulePolicy

from brain.rules import possible_keys

actions = st.sampled_from(["action_listen", "utter_a", "utter_b"])
intents = st.sampled_from(["greet", "price", "should_not_be_set"])
loops = st.sampled_from(["form", "should_not_be_set"])
conversation_states = st.fixed_dictionaries(
    {},
    optional={
        "prev_action": st.fixed_dictionaries({"action_name": actions}),
        "user": st.fixed_dictionaries({}, optional={"intent": intents, "text": st.just("hey")}),
        "slots": st.fixed_dictionaries({"warm": st.sampled_from([(1.0,), (0.0,)])}),
        "active_loop": st.fixed_dictionaries({"name": loops}),
    },
)
lookups = st.dictionaries(
    st.lists(conversation_states, max_size=3).map(json.dumps), st.just("utter_a"), max_size=12
)  # fmt: skip
stock_possible_keys = RulePolicy._get_possible_keys


@pytest.fixture(scope="module")
def policy() -> RulePolicy:
    return RulePolicy.__new__(RulePolicy)


@given(lookups, st.lists(conversation_states, max_size=5))
def test_index_finds_the_rules_that_a_full_search_finds(
    policy: RulePolicy, lookup: dict[str, Any], states: list[dict[str, Any]]
) -> None:
    policy.__dict__.pop("_rule_indexes", None)
    assert stock_possible_keys is not possible_keys
    assert possible_keys(policy, lookup, states) == stock_possible_keys(policy, lookup, states)


def test_index_is_made_once_for_a_lookup(policy: RulePolicy) -> None:
    first = {json.dumps([{"prev_action": {"action_name": "utter_a"}}]): "utter_b"}
    policy.__dict__["_rule_indexes"] = []
    for _ in range(3):
        possible_keys(policy, first, [{"prev_action": {"action_name": "utter_a"}}])
    assert len(policy.__dict__["_rule_indexes"]) == 1
    assert possible_keys(policy, {}, [{}]) == set()
    assert len(policy.__dict__["_rule_indexes"]) == 2
