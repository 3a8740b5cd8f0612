"""The five members of the demo, as config.toml would name them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from distributor.config import parse
from distributor.demo.sftp import Door
from distributor.settings import Config

TOPICS = {
    "sputnik": ["union", "cooperation", "climate", "space"],
    "prnewswire": ["union", "publishing", "carbon*", "materials"],
    "jst": ["*"],
    "clarivate": ["data", "publishing", "union"],
    "icgeb": ["life sciences", "health", "agriculture", "cooperation"],
}


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the members receive on this machine, and how each knows the wire.

    `site`: the address of the edition and the webhooks; `secrets` of those, by member. `smtp`: the port for
    mail; `feeds`: that of the wire's own feeds, which `token` makes private.
    """

    folder: Path
    site: str
    secrets: dict[str, str]
    smtp: int
    sftp: Door
    feeds: int
    token: str

    @property
    def private(self) -> str:
        """The address where one member fetches."""
        return f"http://127.0.0.1:{self.feeds}/members/{self.token}"

    @property
    def desk(self) -> str:
        """Where editors are."""
        return f"http://127.0.0.1:{self.feeds}/desk/"

    def hook(self, member: str, **more: Any) -> dict[str, Any]:
        """A signed webhook."""
        secrets = [SecretStr(self.secrets[member])]
        url = f"{self.site}/hooks/{member}"
        return {"type": "webhook", "url": url, "secrets": secrets, "allow_private": True, **more}

    def mail(self, to: str) -> dict[str, Any]:
        """Mail to one address."""
        return {
            "type": "email",
            "host": "127.0.0.1",
            "port": self.smtp,
            "tls": "none",
            "sender": "Science Wire <wire@science-wire.example>",
            "to": [to],
            "list_id": "edition.science-wire.example",
        }

    def drop(self) -> dict[str, Any]:
        """NewsML-G2 over SFTP, a folder for each language."""
        return {
            "type": "sftp",
            "host": "127.0.0.1",
            "port": self.sftp.port,
            "username": "science-wire",
            "key": SecretStr(self.sftp.login),
            "host_key": self.sftp.host_key,
            "directory": "{language}",
            "formats": ["newsml_g2"],
            "allow_private": True,
        }

    def files(self, member: str) -> dict[str, Any]:
        """Pages in a folder."""
        return {
            "type": "folder",
            "path": str(self.folder / "members" / member / "folder"),
            "formats": ["html"],
        }


def configuration(ends: Ends) -> Config:
    """The demo's config; ledger and files are in the folder of `ends`."""
    return parse(
        {
            "storage": f"sqlite+aiosqlite:///{ends.folder / 'distributor.db'}",
            "web": {"listen": f"127.0.0.1:{ends.feeds}"},
            "sources": [
                {
                    "name": "weekly-edition",
                    "title": "Weekly Edition of Science and Technology Daily",
                    "url": f"{ends.site}/edition/edition.xml",
                    "backfill": "all",
                    "allow_private": True,
                }
            ],
            "members": _members(ends),
        }
    )


def _members(ends: Ends) -> list[dict[str, Any]]:
    flash = ends.hook("sputnik", min_urgency=2)
    mails = ends.mail("desk@prnewswire.example"), ends.mail("desk@jst.example")
    feed = {"type": "feed"}
    return [
        _member("sputnik", "Sputnik News Agency", ["ru", "en"], ends.drop(), flash),
        _member("prnewswire", "PR Newswire", ["en", "zh-Hans"], ends.hook("prnewswire"), mails[0]),
        {
            **_member("jst", "Japan Science and Technology Agency", ["ja"], mails[1], feed),
            "token": SecretStr(ends.token),
        },
        _member("clarivate", "Clarivate", ["en"], ends.hook("clarivate")),
        _member("icgeb", "ICGEB", ["it", "en"], ends.files("icgeb")),
    ]


def _member(id: str, name: str, languages: list[str], *channels: dict[str, Any]) -> dict[str, Any]:
    whose = {"id": id, "name": name, "languages": languages}
    return {**whose, "topics": TOPICS[id], "channels": list(channels)}
