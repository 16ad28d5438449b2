"""What the fake raises at those who drive it. (What it answers to the app is in `refusals`.)

FakeGraphError
├── VerificationFailed   the app did not echo the hub challenge
├── FaultError           a fault that cannot be armed: unknown kind, bad field, bad file
├── NothingToTap         the person sees no button or quick reply of that title
└── UnknownPerson        a control call about somebody who is not in this world
"""


class FakeGraphError(Exception):
    """Root of everything the fake raises."""


class VerificationFailed(FakeGraphError):
    """The app did not answer the verification request with 200 and the challenge."""

    def __init__(self, url: str, status: int, answer: str) -> None:
        super().__init__(f"{url} answered {status} {answer!r} instead of 200 and the challenge")
        self.url = url
        self.status = status
        self.answer = answer


class FaultError(FakeGraphError):
    """A fault was described wrongly; the message names the place."""


class NothingToTap(FakeGraphError):
    """No quick reply or button in front of the person carries this title."""

    def __init__(self, psid: str, title: str, offered: list[str]) -> None:
        super().__init__(f"{psid} cannot tap {title!r}; on the screen: {offered}")
        self.psid = psid
        self.title = title
        self.offered = offered


class UnknownPerson(FakeGraphError):
    """Nobody with this page-scoped id lives in this world."""

    def __init__(self, psid: str) -> None:
        super().__init__(f"nobody here has the page-scoped id {psid!r}")
        self.psid = psid
