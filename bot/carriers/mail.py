"""E-mail through an SMTP server."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Literal

import aiosmtplib

from bot.carriers.base import Call, NotCarried

TIMEOUT_S = 20.0

type Tls = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where mail is handed in. Without a user nobody signs in. `sender` is the From address."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    tls: Tls = "starttls"


class Mail:
    """See the module."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def carry(self, call: Call) -> None:
        """See `Carries.carry`. The same notice has the same Message-ID, so that a mailbox may drop a repeat."""
        if call.agent is None:
            raise NotCarried("no_address", for_good=True)
        server = self._server
        try:
            await aiosmtplib.send(
                letter(call, call.agent.email, server.sender),
                hostname=server.host,
                port=server.port,
                username=server.user or None,
                password=server.password or None,
                use_tls=server.tls == "tls",
                start_tls=server.tls == "starttls",
                timeout=TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refusal.code for refusal in error.recipients]
            raise NotCarried(f"smtp_{codes[0] if codes else 0}", for_good=all(code >= 500 for code in codes)) from error
        except aiosmtplib.SMTPResponseException as error:
            raise NotCarried(f"smtp_{error.code}", for_good=error.code >= 500) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotCarried("away") from error

    async def close(self) -> None:
        """See `Carries.close`."""


def letter(call: Call, to: str, sender: str) -> EmailMessage:
    """The e-mail."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, call.title
    message["Date"] = format_datetime(call.at)
    host = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{call.key}@{host}>"
    # RFC 3834: nobody's holiday answer is wanted.
    message["Auto-Submitted"] = "auto-generated"
    opens = f"\n\nOpen it: {call.url}" if call.url else ""
    settings = "You can choose in the console what you are told by e-mail, and when it has to be quiet."
    message.set_content(f"{call.text}{opens}\n\n{settings}\n")
    return message
