"""A person with Messenger in her hand: what she does reaches the app, what the app sends reaches her."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.fakes.graph import events
from bot.fakes.graph.errors import NothingToTap
from bot.fakes.graph.events import Channel, Event, Thread
from bot.fakes.graph.records import Action, Comment, Sent

WINDOW = timedelta(hours=24)  # Meta, policy page, 28 September 2026
HUMAN_WINDOW = timedelta(days=7)  # HUMAN_AGENT tag, Meta, Send a Message, 5 May 2026
STICKER_LIKE = 369239263222822
WAIT_S = 10.0


class Platform(Protocol):
    """What a person needs of the platform around her."""

    page_id: str
    app_id: str
    ad_window: timedelta
    get_started_payload: str
    comments: dict[str, Comment]
    now: Callable[[], datetime]

    async def emit(self, event: Event, channel: Channel) -> None: ...
    def new_mid(self) -> str: ...
    def new_id(self) -> str: ...


class Person:
    """One prospect. Acts are coroutines that return when the app has been asked to take the event once.

    `inbox` holds the messages of the app that arrived, `actions` its typing and seen marks, both in order.
    """

    def __init__(self, world: Platform, psid: str, profile: Mapping[str, Any]) -> None:
        self.psid = psid
        self.profile = dict(profile)
        self.inbox: list[Sent] = []
        self.actions: list[Action] = []
        self.blocked = False
        self.window_ends_at: datetime | None = None  # until when the app may write
        self.human_ends_at: datetime | None = None  # until when a person may, with HUMAN_AGENT
        self.thread_owner: str | None = None  # app id in control; None: nobody routes this thread
        self._world = world
        self._thread = Thread(psid=psid, page_id=world.page_id)
        self._last_ms = 0
        self._edits: dict[str, int] = {}
        self._waiters: list[tuple[Callable[[Sequence[Sent]], bool], asyncio.Future[None]]] = []

    async def says(self, text: str, *, reply_to: str | None = None) -> str:
        """Write `text`, perhaps in reply to a mid. Returns the mid."""
        return await self._writes(text=text, reply_to_mid=reply_to)

    async def attaches(self, *attachments: Mapping[str, Any]) -> str:
        """Send attachments made with `events.attachment` or `events.sticker`. Returns the mid."""
        return await self._writes(attachments=attachments)

    async def sends_sticker(self, sticker_id: int = STICKER_LIKE) -> str:
        """Send a sticker, by default the thumb. Returns the mid."""
        return await self.attaches(events.sticker(sticker_id, f"https://stickers.example/{sticker_id}.png"))

    async def taps(self, choice: str | Mapping[str, Any]) -> str:
        """Tap a quick reply or a postback button: by its title on the newest message that offers it, or as a dict.

        Returns the mid. Raises `NothingToTap` when no message in the inbox offers that title.
        """
        button = self._find(choice) if isinstance(choice, str) else choice
        if "content_type" in button:
            return await self._writes(text=button["title"], quick_reply_payload=button["payload"])
        return await self._posts_back(button["title"], button["payload"])

    async def starts(self, *, ref: str | None = None, title: str = "Get Started") -> str:
        """Tap Get Started in a new thread, perhaps after an m.me link with `ref`. Returns the mid."""
        referral = None if ref is None else events.link_referral(ref)
        return await self._posts_back(title, self._world.get_started_payload, referral)

    async def follows_link(self, ref: str) -> None:
        """Come through an m.me link into the thread that exists already."""
        self._opens(WINDOW)
        await self._emit(events.referral(self._thread, self._stamp(), events.link_referral(ref)))

    async def comes_from_ad(self, text: str, *, ad_id: str, ref: str | None = None, title: str | None = None) -> str:
        """Click a Click-to-Messenger ad and write. Returns the mid."""
        return await self._writes(
            text=text,
            referral=events.ad_referral(ad_id, ref=ref, ad_title=title),
            window=max(WINDOW, self._world.ad_window),
        )

    async def comments(self, text: str, *, post_id: str, reply_to: str | None = None) -> str:
        """Comment in public on a post of the Page, or in reply to a comment. Opens no thread. Returns the comment's id."""
        comment_id = f"{post_id}_{self._world.new_id()}"
        self._world.comments[comment_id] = Comment(psid=self.psid, at=self._world.now())
        told = events.comment(self._thread, self._stamp(), comment_id=comment_id, post_id=post_id, text=text, parent_id=reply_to)
        await self._world.emit(told, "changes")
        return comment_id

    async def opts_in(self, *, title: str, payload: str, token: str, zone: str = "Europe/Berlin") -> None:
        """Agree to marketing messages on a topic. The window stays as it was."""
        expires_ms = events.millis(self._world.now() + timedelta(days=365))
        await self._emit(
            events.optin(
                self._thread,
                self._stamp(),
                title=title,
                payload=payload,
                token=token,
                zone=zone,
                expires_ms=expires_ms,
            )
        )

    async def reads(self) -> None:
        """See everything that arrived so far."""
        at_ms = self._stamp()
        await self._emit(events.read(self._thread, at_ms, watermark_ms=at_ms))

    async def reacts(self, mid: str, emoji: str = "\N{HEAVY BLACK HEART}", *, name: str = "love") -> None:
        """React to a message."""
        self._opens(WINDOW)
        await self._emit(events.reaction(self._thread, self._stamp(), mid=mid, emoji=emoji, name=name))

    async def takes_back_reaction(self, mid: str, emoji: str = "\N{HEAVY BLACK HEART}", *, name: str = "love") -> None:
        """Remove a reaction. Opens nothing."""
        await self._emit(events.reaction(self._thread, self._stamp(), mid=mid, emoji=emoji, name=name, undo=True))

    async def edits(self, mid: str, text: str) -> None:
        """Change the words of a message already sent."""
        self._edits[mid] = self._edits.get(mid, 0) + 1
        await self._emit(events.edit(self._thread, self._stamp(), mid=mid, text=text, number=self._edits[mid]))

    def blocks(self) -> None:
        """Refuse whatever the Page sends from now on. Messenger tells the app nothing."""
        self.blocked = True

    def unblocks(self) -> None:
        self.blocked = False

    async def waits_for(self, n: int, *, timeout_s: float = WAIT_S) -> list[Sent]:
        """The inbox, as soon as it holds `n` messages.

        Raises `TimeoutError`, saying what is there, after `timeout_s` of real time.
        """
        return await self.waits_until(lambda inbox: len(inbox) >= n, what=f"{n} messages", timeout_s=timeout_s)

    async def waits_until(
        self, holds: Callable[[Sequence[Sent]], bool], *, what: str = "that", timeout_s: float = WAIT_S
    ) -> list[Sent]:
        """The inbox, as soon as `holds(inbox)`; asked again at each message that arrives. Raises `TimeoutError`."""
        if not holds(self.inbox):
            arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((holds, arrived))
            try:
                await asyncio.wait_for(arrived, timeout_s)
            except TimeoutError as error:
                texts = [sent.text for sent in self.inbox]
                raise TimeoutError(f"{self.psid} waited {timeout_s} s for {what}; arrived: {texts}") from error
            finally:
                self._waiters = [waiter for waiter in self._waiters if waiter[1] is not arrived]
        return list(self.inbox)

    def hears(self, sent: Sent) -> None:
        """A message of the app arrives. Called by the platform."""
        self.inbox.append(sent)
        for holds, arrived in self._waiters:
            if not arrived.done() and holds(self.inbox):
                arrived.set_result(None)

    @property
    def thread(self) -> Thread:
        return self._thread

    @property
    def channel(self) -> Channel:
        """Where the app hears of this thread: in standby while another app is in control."""
        return "messaging" if self.thread_owner in {None, self._world.app_id} else "standby"

    async def _writes(
        self,
        *,
        text: str | None = None,
        attachments: Sequence[Mapping[str, Any]] = (),
        quick_reply_payload: str | None = None,
        reply_to_mid: str | None = None,
        referral: Mapping[str, Any] | None = None,
        window: timedelta = WINDOW,
    ) -> str:
        self._opens(window)
        mid = self._world.new_mid()
        event = events.message(
            self._thread,
            self._stamp(),
            mid=mid,
            text=text,
            attachments=attachments,
            quick_reply_payload=quick_reply_payload,
            reply_to_mid=reply_to_mid,
            referral=referral,
        )
        await self._emit(event)
        return mid

    async def _posts_back(self, title: str, payload: str, referral: Mapping[str, Any] | None = None) -> str:
        self._opens(WINDOW)
        mid = self._world.new_mid()
        known = None if self.channel == "standby" else payload
        event = events.postback(self._thread, self._stamp(), mid=mid, title=title, payload=known, referral=referral)
        await self._emit(event)
        return mid

    async def _emit(self, event: Event) -> None:
        await self._world.emit(event, self.channel)

    def _opens(self, window: timedelta) -> None:
        now = self._world.now()
        self.window_ends_at = max(now + window, self.window_ends_at or now)
        self.human_ends_at = now + HUMAN_WINDOW

    def _stamp(self) -> int:
        """Milliseconds, later than those of the person's last event even while the clock stands still."""
        self._last_ms = max(self._last_ms + 1, events.millis(self._world.now()))
        return self._last_ms

    def _find(self, title: str) -> Mapping[str, Any]:
        offered: list[str] = []
        for sent in reversed(self.inbox):
            for button in _tappable(sent.message):
                if button["title"] == title:
                    return button
                offered.append(button["title"])
        raise NothingToTap(self.psid, title, offered)


def _tappable(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    payload = (message.get("attachment") or {}).get("payload") or {}
    groups = [payload.get("buttons", [])] + [element.get("buttons", []) for element in payload.get("elements", [])]
    buttons = [button for group in groups for button in group if button.get("type") == "postback"]
    return [reply for reply in message.get("quick_replies", []) if "title" in reply] + buttons
