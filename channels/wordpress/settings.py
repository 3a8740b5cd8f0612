"""What a WordPress site is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, HttpUrl, field_validator, model_validator

from channels.settings import ChannelSettings, Duration, Secret, Size


class WordPressSettings(ChannelSettings):
    """`[[members.channels]] type = "wordpress"`."""

    url: HttpUrl = Field(description="The site's own address, as its visitors see it.")
    api: HttpUrl | None = Field(
        None, description="Of its REST API, such as https://e.org/?rest_route=/; found by itself unless said."
    )
    user: str = Field(min_length=1, description="Who may edit posts there.")
    password: Secret = Field(description="An application password of that user, not the one for logging in.")
    status: Literal["publish", "draft"] = Field("publish", description="Of a new post.")
    categories: dict[str, int | str] = Field({}, description="Topic → category there, by name or id.")
    tags: bool = Field(True, description="Do the topics become tags.")
    create_terms: bool = Field(False, description="May categories and tags be made that are not there.")
    language_field: str = Field(
        "", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$|^$", description="Of a language plugin: 'lang' for Polylang."
    )
    language_codes: dict[str, str] = Field(
        {}, description="BCP 47 → the plugin's code; its first part unless said: zh-Hans → zh."
    )
    author: int | None = Field(None, gt=0, description="Id of the posts' author; the user unless said.")
    media: Literal["link", "fetch", "upload"] = Field(
        "link", description="fetch: pictures go into the library there; 'upload' says the same."
    )
    media_limit: Size = Field(10_000_000, description="Of one picture; a larger one is left out.")
    media_allow_private: bool = Field(False, description="May pictures be on a private address.")
    allow_private: bool = Field(False, description="May the site be on a private or loopback address.")
    timeout: Duration = Field(timedelta(seconds=60), gt=timedelta(), description="For one whole attempt.")

    @field_validator("url", "api")
    @classmethod
    def _without_password(cls, url: HttpUrl | None) -> HttpUrl | None:
        if url and (url.username or url.password):
            raise ValueError("a URL is logged, a password in it too; use user and password instead")
        return url

    @field_validator("user")
    @classmethod
    def _can_be_sent(cls, user: str) -> str:
        if ":" in user or not user.isprintable():  # RFC 7617 §2
            raise ValueError("a user name has neither a colon nor control characters")
        return user

    @model_validator(mode="after")
    def _is_one_safe_place(self) -> Self:
        if self.url.scheme == "http" and not self.allow_private:
            raise ValueError("a password is not sent in the open; use https")
        if self.api and origin(self.api) != origin(self.url):
            raise ValueError("api is at another place than url; the password goes to one place only")
        return self

    def language_code(self, language: str) -> str:
        """The plugin's code for `language` (BCP 47)."""
        return self.language_codes.get(language) or language.partition("-")[0]


def origin(url: HttpUrl) -> tuple[str, str | None, int | None]:
    """RFC 6454 §4."""
    return url.scheme, url.host, url.port
