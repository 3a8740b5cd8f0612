"""Which members get an article, over which channels, in which language; and why, or why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from distributor import bcp47
from distributor.settings import Config, MemberSettings

Can = Callable[[str, str], bool]
"""Whether a text in the first language can be had in the second."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What routing looks at."""

    source: str
    language: str
    categories: tuple[str, ...]
    urgency: int
    more: frozenset[str] = frozenset()
    """Members that an editor adds, whatever their topics."""
    fewer: frozenset[str] = frozenset()
    """Members that an editor leaves out."""


@dataclass(frozen=True, slots=True)
class Route:
    """One delivery that is to be."""

    lane: str
    member: str
    language: str
    on_doubt: str = "hold"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an article for one member: its routes, or none, and the reason either way."""

    member: str
    routes: tuple[Route, ...]
    why: str


class Router:
    """Decides by the configuration and by what can be translated; does nothing itself."""

    def __init__(self, config: Config, can: Can) -> None:
        self.config = config
        self.can = can

    def routes(self, facts: Facts) -> tuple[Route, ...]:
        """All deliveries of one version, in the order of the configuration."""
        return tuple(route for verdict in self.explain(facts) for route in verdict.routes)

    def explain(self, facts: Facts) -> Iterator[Verdict]:
        """A verdict for each member."""
        for member in self.config.members:
            if against := self._own(member, facts) or refusal(member, facts):
                yield Verdict(member.id, (), against)
            else:
                yield self._verdict(member, facts)

    def _own(self, member: MemberSettings, facts: Facts) -> str:
        """What a member contributes never goes back to it, not even by an editor's word."""
        source = self.config.source(facts.source)
        return "its own contribution" if source and source.contributor == member.id else ""

    def _verdict(self, member: MemberSettings, facts: Facts) -> Verdict:
        routes = tuple(
            Route(lane, member.id, language, member.on_doubt)
            for lane, channel in member.lanes()
            if facts.urgency <= channel.min_urgency
            for language in self.languages(
                channel.languages or member.languages, member.deliver, facts.language
            )
        )
        return Verdict(member.id, routes, f"{_wanted(member, facts)}; {self._how(routes, facts.language)}")

    def languages(self, wished: Sequence[str], deliver: str, original: str) -> tuple[str, ...]:
        """Each of the languages once, or the first that can be had (the very first if none can)."""
        distinct = tuple(
            tag for i, tag in enumerate(wished) if not any(bcp47.same(tag, t) for t in wished[:i])
        )
        if deliver == "all":
            return distinct
        had = (t for t in distinct if bcp47.same(original, t) or self.can(original, t))
        return (next(had, distinct[0]),)

    def _how(self, routes: Sequence[Route], original: str) -> str:
        languages = dict.fromkeys(r.language for r in routes)
        return ", ".join(f"{tag} ({self._made(original, tag)})" for tag in languages)

    def _made(self, original: str, tag: str) -> str:
        if bcp47.same(original, tag):
            return "original"
        return "translated" if self.can(original, tag) else f"no model for {original} → {tag}"


def _wanted(member: MemberSettings, facts: Facts) -> str:
    """Why it gets it."""
    if member.id in facts.more:
        return "added by an editor"
    return f"topics {', '.join(sorted(t for t in member.topics if wants((t,), facts.categories)))}"


def refusal(member: MemberSettings, facts: Facts) -> str:
    """Why this member does not get the article; empty if it does."""
    if member.id in facts.fewer:
        return "left out by an editor"
    if member.id in facts.more:
        return ""
    if facts.source in member.exclude_sources:
        return f"excludes the source {facts.source}"
    if facts.urgency > member.min_urgency:
        return f"urgency {facts.urgency} is below its min_urgency {member.min_urgency}"
    if facts.urgency > (least := max(channel.min_urgency for channel in member.channels)):
        return f"urgency {facts.urgency} is below the min_urgency {least} of its channels"
    if not wants(member.topics, facts.categories):
        among = ", ".join(facts.categories) or "no categories"
        return f"none of its topics ({', '.join(member.topics)}) among {among}"
    return ""


def wants(topics: Sequence[str], categories: Sequence[str]) -> bool:
    """Whether a topic (a glob, case-folded) matches a category; `*` takes articles without any, too."""
    folded = [c.casefold() for c in categories]
    return any(t == "*" or any(fnmatchcase(c, t.casefold()) for c in folded) for t in topics)
