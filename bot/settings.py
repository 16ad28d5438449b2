"""Every setting, with its default, unit and sentence. `warmline settings` and docs/settings.md are made from this table.

A value comes from, first wins: the environment (`WARMLINE_<NAME>`), `warmline.toml`, the default.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.errors import SettingsError
from bot.signing import key_of

PREFIX = "WARMLINE_"
FILE = "warmline.toml"


class Settings(BaseModel):
    """The typed table. Units are in the names: `_s` seconds, `_ms` milliseconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(Path(".warmline"), description="Folder for everything written at run time: database, sockets, logs.")
    host: str = Field("127.0.0.1", description="Address the service listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port the service listens on; 0 takes a free one.")
    database_url: str = Field("", description="Database; empty means an SQLite file in the home.")
    database_connections: int = Field(
        10, ge=2, le=500, description="Connections to PostgreSQL at most; two more are for claims. SQLite needs none."
    )
    credentials: Path = Field(Path("credentials.yml"), description="Channels and their secrets, in Rasa's format.")
    flows: Path = Field(Path("flows"), description="Folder of nurture flows.")
    flows_publish: Literal["start", "command"] = Field(
        "start",
        description="start publishes changed flow files as new versions at each start; command waits for `flows publish`.",
    )
    promises: Path = Field(Path("promises.yml"), description="Promised times, the ladder and what Warmline itself says.")
    project: Path = Field(Path(), description="Folder of the Rasa project (config.yml, domain.yml, data/).")
    model: str = Field("models", description="Trained model, a file or a folder whose newest is taken.")
    web: Path = Field(Path("web/dist"), description="Built browser parts.")
    proxies: int = Field(
        0, ge=0, le=5, description="Reverse proxies in front that add X-Forwarded-For; sign-in tries are counted by address."
    )
    public_url: str = Field("", description="Address people reach the service at; https makes cookies secure.")
    pacing: Literal["human", "instant"] = Field("human", description="human types at a person's speed, instant answers machines.")
    business: str = Field("Sundial", description="The business the bot speaks for.")
    persona: str = Field("Juno", description="The bot's name.")
    tagline: str = Field("Sundial's chat bot", description="The line under the bot's name; it must say that it is a bot.")
    currency: str = Field(
        "EUR", pattern=r"^[A-Z]{3}$", description="Currency in which agents say what an outcome is worth (ISO 4217)."
    )
    zone: str = Field("UTC", description="Time zone of people who have told none (IANA name).")
    harm_limit: float = Field(
        0.02,
        ge=0,
        lt=1,
        description="Share of a flow's messages that may do harm (opt-outs, complaints, anger) before it pauses itself; 0: never.",
    )
    burst_wait_s: float = Field(
        1.2, ge=0, le=10, description="How long to wait for more before a burst is answered; 0 with instant pacing."
    )
    widget_per_minute: float = Field(
        60,
        ge=0,
        description="Messages a minute that one browser may send in the long run, 20 at once; more wait there. 0: no limit.",
    )
    brain_workers: int = Field(2, ge=1, le=64, description="Brain processes that answer side by side.")
    brain_timeout_s: float = Field(
        8.0, gt=0, le=60, description="After this long without an answer the turn goes on without the brain."
    )
    brain_socket: str = Field("", description="Unix socket of a brain started elsewhere; empty starts one beside the service.")
    tracker_events: int = Field(40, ge=20, le=2000, description="Latest tracker events the brain is given; a turn has about ten.")
    turns_at_once: int = Field(64, ge=1, le=1024, description="Conversations that are worked on at the same time.")
    lease_s: float = Field(
        10.0, ge=1, le=60, description="How long a service that died keeps others from its work; the living renew in time."
    )
    intake_waiting: int = Field(5000, ge=1, description="Messages that may wait to be stored; more are refused with 503.")
    intake_mib: int = Field(128, ge=40, description="MiB that webhook calls in hand may take up; more are refused with 503.")
    settle_s: float = Field(15.0, gt=0, description="How long an echo may take before a send of unknown outcome is tried again.")
    send_attempts: int = Field(8, ge=1, description="Tries before a message is parked for an admin.")
    page_sends_per_s: float = Field(300, gt=0, description="Messages a second that Messenger takes from the page.")
    thread_sends_per_s: float = Field(1, gt=0, description="Messages a second to one person on Messenger, after the first ten.")
    agent_capacity: int = Field(4, ge=1, description="Conversations an agent holds at once.")
    undo_send_s: float = Field(
        4.0,
        ge=0,
        le=30,
        description="How long an agent's words can be taken back before they leave; 0 (and instant pacing): never.",
    )
    audit_every_s: float = Field(15.0, ge=1, description="How often the audit looks for what may never happen.")
    audit_batch: int = Field(200, ge=10, description="Messages that the audit judges in one go; a look has 25 goes.")
    audit_late_s: float = Field(
        120.0, ge=60, description="How late a clock may fire before the audit says so; longer than every back-off."
    )
    notify_sound_after_s: float = Field(5.0, gt=0, description="A notice not seen for so long sounds in the console.")
    notify_push_after_s: float = Field(
        15.0, gt=0, description="A notice not seen for so long goes to the agent's devices; at once if no console is open."
    )
    notify_email_after_s: float = Field(120.0, gt=0, description="A notice not seen for so long is sent by e-mail.")
    notify_webhook_after_s: float = Field(180.0, gt=0, description="A notice not seen for so long is posted to the webhook.")
    notify_rest_s: float = Field(
        60.0, ge=0, description="How long an agent who was told about a conversation outside the console is left alone about it."
    )
    notify_with_words: bool = Field(False, description="Whether pushes and e-mails name the prospect and quote their last words.")
    push_services: str = Field(
        "fcm.googleapis.com,*.push.services.mozilla.com,*.push.apple.com,*.notify.windows.com",
        description="Hosts of push services that browsers may name, with commas between.",
    )
    push_contact: str = Field("", description="Address that push services may write to (mailto: or https:); empty: public_url.")
    smtp_host: str = Field("", description="Mail server that notifications are handed to; empty: none are sent by e-mail.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field("starttls", description="How the line to it is encrypted.")
    smtp_user: str = Field("", description="Who signs in there; empty: nobody does.")
    smtp_password: str = Field("", description="The password for it.")
    mail_from: str = Field("", description="Address that e-mails come from.")
    notify_webhook_url: str = Field("", description="Where unseen notices and pages are posted, signed; empty: nowhere.")
    notify_webhook_secret: str = Field(
        "", description="Secret that those posts are signed with: whsec_ and 32 random bytes in base64."
    )
    stop_within_s: float = Field(
        10.0, gt=0, description="How long a stop waits for what is in hand; the rest is left to other services or the next start."
    )
    log: Literal["auto", "json", "console"] = Field("auto", description="Form of log lines; auto is console on a terminal.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    @model_validator(mode="after")
    def _carriers_are_whole(self) -> Self:
        if self.smtp_host and "@" not in self.mail_from:
            raise ValueError("with smtp_host, mail_from must be the address that e-mails come from")
        if self.notify_webhook_url:
            try:
                key_of(self.notify_webhook_secret)
            except ValueError as error:
                raise ValueError(f"with notify_webhook_url, notify_webhook_secret must be given: {error}") from None
        return self

    @property
    def url(self) -> str:
        """The database's URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.home.resolve() / 'warmline.db'}"

    @property
    def burst_s(self) -> float:
        """Seconds to wait for the rest of a burst."""
        return 0.0 if self.pacing == "instant" else self.burst_wait_s

    @property
    def undo_s(self) -> float:
        """Seconds for which an agent's words wait."""
        return 0.0 if self.pacing == "instant" else self.undo_send_s

    @property
    def address(self) -> str:
        """Where people reach the service, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether people reach us over https."""
        return self.public_url.startswith("https://")


def load(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Settings from the environment and `warmline.toml` in `folder`. Raises `SettingsError` naming the setting and place."""
    environ = os.environ if environ is None else environ
    path = (folder or Path()) / FILE
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for name, value in _from_file(path).items():
        values[name], places[name] = value, f"{path}: {name}"
    for variable, text in environ.items():
        if variable.startswith(PREFIX) and variable not in RESERVED:
            name = variable.removeprefix(PREFIX).lower()
            values[name], places[name] = text, variable
    for name in values:
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(name, Settings.model_fields, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"{places[name]}: there is no such setting{hint}")
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else path.name
        raise SettingsError(f"{places.get(name, name)}: {first['msg']} {_got(first)}") from error


def _got(first: Any) -> str:
    """What was given, where it is one value that is no secret."""
    shown = bool(first["loc"]) and not SECRET.search(str(first["loc"][0]))
    return f" (got {first['input']!r})" if shown else ""


SECRET = re.compile("password|secret")
RESERVED = frozenset({"WARMLINE_TEST_DATABASE_URL"})


def _from_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error


def table() -> list[tuple[str, str, str]]:
    """(variable, default, sentence) of every setting, for help and docs."""
    return [(PREFIX + name.upper(), str(field.default), field.description or "") for name, field in Settings.model_fields.items()]


def as_markdown() -> str:
    """docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Made by `uv run warmline settings --markdown`. A value comes from the environment, else from `warmline.toml`",
        "(the name in lower case without `WARMLINE_`), else it is the default.",
        "",
        "| Variable | Default | Meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {f'`{default}`' if default else ''} | {sentence} |" for name, default, sentence in table()]
    return "\n".join(lines) + "\n"
