"""Carriers that are set up by half are refused at the start, and a secret is not repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.parts import notify_ways
from bot.settings import load


def test_e_mail_needs_the_address_it_comes_from(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="mail_from"):
        load({"WARMLINE_SMTP_HOST": "mail.example.com"}, tmp_path)
    whole = load({"WARMLINE_SMTP_HOST": "mail.example.com", "WARMLINE_MAIL_FROM": "desk@example.com"}, tmp_path)
    assert notify_ways(whole).email


def test_a_webhook_needs_a_secret_worth_the_name_which_no_error_repeats(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load({"WARMLINE_NOTIFY_WEBHOOK_URL": "https://pager.example", "WARMLINE_NOTIFY_WEBHOOK_SECRET": "hush"}, tmp_path)
    assert "notify_webhook_secret" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_wrong_value_is_still_shown_where_it_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"WARMLINE_NOTIFY_PUSH_AFTER_S: .* \(got '0'\)"):
        load({"WARMLINE_NOTIFY_PUSH_AFTER_S": "0"}, tmp_path)


def test_without_any_of_it_the_page_the_sound_and_pushes_are_there(tmp_path: Path) -> None:
    ways = notify_ways(load({}, tmp_path))
    assert (ways.email, ways.webhook) == (False, False)
    assert 0 < ways.sound_after_s < ways.push_after_s < ways.email_after_s < ways.webhook_after_s
