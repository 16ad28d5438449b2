"""`credentials.yml`: which channels are on, in Rasa's format. Every complaint names file, line and key."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.yamlfile import load_validated


class RestCredentials(BaseModel):
    """Rasa's REST channel needs nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WidgetCredentials(BaseModel):
    """The website widget. `origins` are the sites that may embed it; none given means any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    origins: tuple[str, ...] = ()


class FacebookCredentials(BaseModel):
    """Messenger: Rasa's three keys, and where the Graph API is (tests point it at a fake)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    verify: SecretStr = Field(min_length=1)
    secret: SecretStr = Field(min_length=1)
    page_access_token: SecretStr = Field(alias="page-access-token", min_length=1)
    graph_url: str = Field("https://graph.facebook.com/v25.0", alias="graph-url")
    app_id: str | None = Field(None, alias="app-id")


class Credentials(BaseModel):
    """Channels by name. A channel is on if its key is there, even with nothing below it; absent it is off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rest: RestCredentials | None = None
    widget: WidgetCredentials | None = None
    facebook: FacebookCredentials | None = None

    @property
    def with_rest(self) -> bool:
        """Whether the REST channel is on."""
        return "rest" in self.model_fields_set

    @property
    def with_widget(self) -> bool:
        """Whether the widget is on."""
        return "widget" in self.model_fields_set

    @model_validator(mode="after")
    def _facebook_needs_keys(self) -> Credentials:
        if "facebook" in self.model_fields_set and self.facebook is None:
            raise ValueError("facebook needs verify, secret and page-access-token")
        return self


def load(path: Path) -> Credentials:
    """Read the file. A missing default file turns on REST and widget, which need no secrets.
    Raises `YamlFileError` naming file, line and key."""
    if not path.exists() and path == Path("credentials.yml"):
        return Credentials(rest=RestCredentials(), widget=WidgetCredentials())
    return load_validated(path, Credentials)
