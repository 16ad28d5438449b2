"""The error answers of the Graph API: code, subcode, HTTP status and wording.

Codes, subcodes and wordings: Meta, Messenger Platform, Common Error Codes (25 June 2026). HTTP statuses follow
error reports of client libraries: nearly everything is 400, which is why callers must go by the code. The 403 on
code 4 and the 5xx on codes 1, 2 and 1200 are not documented.
"""

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One way in which the API says no."""

    code: int  # Meta's error code
    subcode: int | None = None  # Meta's error_subcode, absent on many errors
    message: str
    status: int = 400  # HTTP status
    type: str = "OAuthException"
    is_transient: bool | None = None  # only present in the answer when Meta sends it

    def body(self, trace_id: str) -> dict[str, Any]:
        """The JSON answer; `trace_id` becomes `fbtrace_id`."""
        error: dict[str, Any] = {"message": self.message, "type": self.type, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.is_transient is not None:
            error["is_transient"] = self.is_transient
        error["fbtrace_id"] = trace_id
        return {"error": error}


def bad_parameter(reason: str, subcode: int | None = None) -> Refusal:
    """Code 100 with `reason`, worded as Meta words it: "(#100) ..."."""
    return Refusal(code=100, subcode=subcode, message=f"(#100) {reason}")


TOKEN_MISSING = Refusal(code=190, message="An access token is required to request this resource.")
TOKEN_WRONG = Refusal(code=190, message="Invalid OAuth access token - Cannot parse access token")
TOKEN_EXPIRED = Refusal(code=190, subcode=463, message="Error validating access token: Session has expired and must be renewed.")
LOGGED_OUT = Refusal(
    code=190,
    subcode=460,
    message="Error validating access token: The session has been invalidated because the user changed the password.",
)
APP_REMOVED = Refusal(code=190, subcode=458, message="Error validating access token: The user has not authorized application.")

NO_MATCHING_USER = bad_parameter("No matching user found", 2018001)
MESSAGE_AND_ACTION = bad_parameter("Cannot send both message and state at the same time.", 2018014)
MESSAGE_EMPTY = bad_parameter("Message cannot be empty, must provide valid attachment or text", 2018034)
UPLOAD_FAILED = bad_parameter("Upload attachment failure.", 2018047)
NO_PROFILE = bad_parameter("No profile available for this user.", 2018218)

OUTSIDE_WINDOW = Refusal(
    code=10,
    subcode=2018278,
    message="(#10) This message is sent outside of allowed window. Learn more about the new policy here: "
    "https://developers.facebook.com/docs/messenger-platform/policy-overview",
)
COMMENT_ANSWERED = Refusal(code=10900, message="(#10900) Activity already replied to")
COMMENT_NOT_OPEN = Refusal(code=10903, message="(#10903) This user cannot reply to this activity")
THREAD_TAKEN = Refusal(
    code=10,
    subcode=2018300,
    message="(#10) Message failed to send because another app is controlling this thread now.",
)
PERSON_UNAVAILABLE = Refusal(code=551, subcode=1545041, message="(#551) This person isn't available right now.")
NO_DEFAULT_APP = Refusal(code=27, message="(#27) This Page has no default app for conversation routing.")

APP_RATE = Refusal(code=4, message="(#4) Application request limit reached", status=403, is_transient=True)
PAGE_RATE = Refusal(code=613, message="(#613) Calls to this api have exceeded the rate limit.")
MARKETING_CAP = Refusal(
    code=4,
    subcode=2018354,
    message="(#4) There has to be a minimum delay between 2 notifications for the given notification",
)

UNKNOWN_ERROR = Refusal(code=1, message="An unknown error occurred", status=500)
TEMPORARY = Refusal(
    code=2,
    message="(#2) Service temporarily unavailable",
    status=503,
    is_transient=True,
)
SEND_FAILED = Refusal(code=1200, message="(#1200) Temporary send message failure. Please try again later.", status=500)


def unknown_object(object_id: str) -> Refusal:
    """Code 100/33: no such object, or no permission to see it."""
    return replace(
        bad_parameter("", 33),
        message=f"Unsupported request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation.",
        type="GraphMethodException",
    )
