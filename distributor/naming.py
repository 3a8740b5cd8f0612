"""How articles and sources are called outside."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from distributor.settings import Config


class Names:
    """Implements `ledger.stories.Naming` from the configuration."""

    def __init__(self, config: Config, titles: dict[str, str] | None = None) -> None:
        self.domain = config.domain
        names = {m.id: m.name for m in config.members}
        self.titles = {s.name: s.title or names.get(s.contributor) or s.name for s in config.sources}
        self.titles |= {name: title for name, title in (titles or {}).items() if title}

    def uri(self, source: str, guid: str, language: str, published: datetime) -> str:
        """A `tag:` URI (RFC 4151): ours, for ever the same, and no address that promises to answer."""
        return f"tag:{self.domain},{published:%Y-%m-%d}:{quote(source)}:{quote(guid, safe='')}:{language}"

    def digest_uri(self, key: str, at: datetime) -> str:
        """Of several items in one."""
        return f"tag:{self.domain},{at:%Y-%m-%d}:digest:{key}"

    def source_title(self, source: str) -> str:
        """For readers: what the configuration says, else the source's name."""
        return self.titles.get(source, source)
