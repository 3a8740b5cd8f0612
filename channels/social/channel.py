"""Posts on social networks and messengers, by any of Apprise's services."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Self

from pydantic import Field, SecretStr, field_validator

from channels import pictures
from channels.answers import read
from channels.channel import ChannelError, Denied, Refused, Unavailable
from channels.dialing import dial
from channels.media_cache import MediaCache, supply
from channels.media_web import NoMedia, Supply
from channels.settings import ChannelSettings, Secret, Size
from channels.social.process import Ended, Pool, pool
from channels.social.service import address, limits, service
from channels.social.text import Post, compose
from channels.story import IdempotencyKey, Receipt, Story

REMEMBERED = 1000
"""Posts."""


class Social:
    """One post for each story: headline, summary and link.

    No service can be asked whether it has a post, and none knows a key: a repeat after an attempt whose
    outcome is *unknown* (a timeout, a connection cut off) may post twice. What is known to have failed posts
    nothing, so that its repeat is safe; what is known to be there is remembered until the channel closes, so
    that an outcome that could not be recorded is no second post.

    Apprise opens its own connections, in processes of their own, where each one is checked on the address
    that it goes to: without `allow_private` no name, redirect or rebinding leads to the inside.
    """

    class Settings(ChannelSettings):
        """`[[members.channels]] type = "social"`."""

        url: Secret = Field(description="Of the service and one target there, as Apprise writes it.")
        corrections: bool = Field(False, description="Are corrections and withdrawals posted, as new posts.")
        longest: int | None = Field(
            None, ge=50, description="Characters, where a server takes fewer than Apprise knows."
        )
        picture: bool = Field(False, description="Is the first picture attached, where the service can.")
        picture_limit: Size = Field(5_000_000, description="A larger one is left out.")
        picture_allow_private: bool = Field(False, description="May pictures be on a private address.")
        allow_private: bool = Field(False, description="May the service be on a private or loopback address.")
        concurrency: int = Field(1, ge=1, le=1000, description="Posts at the same time.")

        @field_validator("url")
        @classmethod
        def _is_a_service(cls, url: SecretStr) -> SecretStr:
            service(url.get_secret_value())
            return url

    def __init__(
        self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.service = service(settings.url.get_secret_value())
        self.name = str(self.service.service_name)
        self.limits = limits(self.service, settings.longest)
        self.media_cache: MediaCache | None = None
        self.media: Supply
        self.pool: Pool
        self.posted: dict[IdempotencyKey, Receipt] = {}

    async def __aenter__(self) -> Self:
        self.pool = pool()
        self.pool.users += 1
        self.media = supply(self.media_cache, allow_private=self.settings.picture_allow_private)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.media.close()
        self.pool.users -= 1
        if not self.pool.users:
            await self.pool.close()

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        """Post the story, once. Raises: Unavailable, Refused, Denied, Gone."""
        changed = story.version > 1 or story.pub_status == "canceled"
        if changed and not self.settings.corrections:
            what = "withdrawal" if story.pub_status == "canceled" else "correction"
            return Receipt(f"{self.name}: {what} not posted; corrections = true posts it")
        if key not in self.posted:
            self.posted[key] = await self._post(story)
            if len(self.posted) > REMEMBERED:
                del self.posted[next(iter(self.posted))]
        return self.posted[key]

    async def _post(self, story: Story) -> Receipt:
        total = self.settings.timeout.total_seconds()
        until = asyncio.get_running_loop().time() + total
        post = compose(story, self.limits)
        try:
            f"{post.title}{post.body}".encode()
        except UnicodeEncodeError as e:
            raise Refused(f"the text cannot be written in UTF-8: {e.reason}") from e
        picture = await self._picture(story, total / 3)
        answer = await self._ask(self._job(post, picture), until)
        try:
            return self._receipt(answer, attached=picture is not None)
        except Unavailable as e:
            if picture:  # many services take the text first and the picture after it
                e.unknown, e.blip = True, False
            raise

    async def check(self) -> str:
        """Connects where the service has a host of its own; more than that only a post can prove.

        Raises: Unavailable, Denied.
        """
        if not (found := address(self.service)):
            return f"{self.name}: its address is complete; only a post can prove that it is right"
        try:
            async with asyncio.timeout(self.settings.timeout.total_seconds()):
                connected = await dial(*found, allow_private=self.settings.allow_private)
        except TimeoutError as e:
            raise Unavailable(f"no connection to {found[0]} in time", blip=True) from e
        connected.close()
        return f"{self.name}: {found[0]} answers; only a post can prove the rest"

    async def _ask(self, job: Mapping[str, Any], until: float) -> dict[str, Any]:
        """What became of `job`, by `until`. Raises: Unavailable."""
        asked = False
        try:
            async with asyncio.timeout_at(until), self.pool.slots:
                asked = True
                return await self.pool.ask(job)
        except TimeoutError as e:
            # In the queue for a process nothing of it has gone out.
            raise Unavailable(f"{self.name}: no answer in time", unknown=asked) from e
        except Ended as e:
            raise Unavailable(f"{self.name}: the process that posts ended", unknown=True) from e
        except OSError as e:
            raise Unavailable(f"no process that posts can be started: {e.strerror}") from e

    def _job(self, post: Post, picture: pictures.Picture | None) -> dict[str, Any]:
        job: dict[str, Any] = {
            "url": self.settings.url.get_secret_value(),
            "title": post.title,
            "body": post.body,
            "guarded": not self.settings.allow_private,
            "patience": self.settings.timeout.total_seconds() / 2,
        }
        if picture:
            content = base64.b64encode(picture.content).decode()
            job["picture"] = {"name": picture.file_name, "content": content}
        return job

    async def _picture(self, story: Story, patience: float) -> pictures.Picture | None:
        """The first one, where it is wanted and can be had."""
        media = next((m for m in story.media if m.role == "picture"), None)
        wanted = self.settings.picture and self.service.attachment_support
        if not media or not wanted or story.pub_status == "canceled":
            return None
        try:
            return await pictures.fetch(
                self.media, media.url, limit=self.settings.picture_limit, patience=patience
            )
        except NoMedia:
            return None

    def _receipt(self, answer: Mapping[str, Any], *, attached: bool) -> Receipt:
        """Raises: what the answer means, where it is no yes."""
        if answer["done"]:
            return Receipt(f"{self.name}: posted{' with its picture' if attached else ''}")
        status = int(answer["status"])
        if status >= 300:
            read(status, None, self.clock(), f"{_phrase(status)} from {self.name}")
        raise self._failure(str(answer["error"]))

    def _failure(self, error: str) -> ChannelError:
        match error:
            case "private":
                return Denied(f"{self.name} is at a private address; allow_private = true permits it")
            case "tls":
                return Denied(f"no TLS with {self.name}, or a bad certificate")
            case "unreachable":
                return Unavailable(f"no connection to {self.name}", blip=True)
            case "silent":
                return Unavailable(f"no answer from {self.name}", unknown=True)
        return Unavailable(f"{self.name} did not take it{f' ({error})' if error else ' and gave no reason'}")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
