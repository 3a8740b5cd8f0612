"""Private addresses: which member a token stands for, and where its feeds and items are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from channels.feed import FeedSettings
from distributor.settings import Config, MemberSettings

KINDS = ("rss", "atom", "json")


@dataclass(frozen=True, slots=True)
class Topic:
    """A feed: a member's, in one language, in one format."""

    member: MemberSettings
    lane: str
    settings: FeedSettings
    language: str
    kind: str
    url: str
    hub: str

    @property
    def links(self) -> str:
        """Of WebSub (§4), as the value of a `Link` header (RFC 8288)."""
        return f'<{self.hub}>; rel="hub", <{self.url}>; rel="self"'


class Addresses:
    """Of all members that have a token."""

    def __init__(self, config: Config) -> None:
        self.base = config.web.address
        self.hub = f"{self.base}/hub"
        """Where subscribers ask (WebSub §5.1)."""
        self._members = {_digest(m.token.get_secret_value()): m for m in config.members if m.token}
        all_ = (topic for member in self._members.values() for topic in self.topics(member))
        self._topics = {_digest(topic.url): topic for topic in all_}

    def member(self, token: str) -> MemberSettings | None:
        """Found by a digest, so that the time it takes tells nothing about tokens that are near."""
        return self._members.get(_digest(token))

    def topic(self, url: str) -> Topic | None:
        """The feed whose own address is exactly `url`; found as a member is."""
        return self._topics.get(_digest(url))

    @property
    def any_feed(self) -> bool:
        """Whether there is anything to subscribe to."""
        return bool(self._topics)

    def of(self, member: MemberSettings) -> str:
        """As secret as a password."""
        if member.token is None:
            raise LookupError(f"{member.id} has no token")
        return f"{self.base}/members/{member.token.get_secret_value()}"

    def topics(self, member: MemberSettings) -> Iterator[Topic]:
        """All feeds of a member."""
        for lane, settings in member.lanes():
            if isinstance(settings, FeedSettings):
                for language in settings.languages or member.languages:
                    for kind in KINDS:
                        url = f"{self.of(member)}/{language}.{kind}"
                        yield Topic(member, lane, settings, language, kind, url, self.hub)

    def find(self, member: MemberSettings, language: str, kind: str) -> Topic | None:
        """That feed of a member, if it has it."""
        named = (language.lower(), kind)
        found = (t for t in self.topics(member) if (t.language.lower(), t.kind) == named)
        return next(found, None)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
