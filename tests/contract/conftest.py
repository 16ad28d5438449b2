"""Assertions in the shared contract explain themselves as those in test modules do."""

import pytest

pytest.register_assert_rewrite("tests.contract.store_contract", "tests.contract.audit_contract")
