"""The five members of the demo, as config.toml would name them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from distributor.config import parse
from distributor.settings import Config


def configuration(folder: Path, *, web: str, smtp_port: int, secrets: dict[str, str]) -> Config:
    """The demo's config: the edition and the webhooks at `web`, mail on `smtp_port`, the rest in `folder`."""

    def hook(member: str) -> dict[str, Any]:
        url = f"{web}/hooks/{member}"
        return {"type": "webhook", "url": url, "secrets": [SecretStr(secrets[member])], "allow_private": True}

    def files(member: str) -> dict[str, Any]:
        return {"type": "folder", "path": str(folder / "members" / member)}

    mail = {
        "type": "email",
        "host": "127.0.0.1",
        "port": smtp_port,
        "tls": "none",
        "sender": "Science Wire <wire@science-wire.example>",
        "to": ["desk@jst.example"],
        "list_id": "edition.science-wire.example",
    }
    return parse(
        {
            "storage": f"sqlite+aiosqlite:///{folder / 'distributor.db'}",
            "sources": [
                {
                    "name": "weekly-edition",
                    "title": "Weekly Edition of Science and Technology Daily",
                    "url": f"{web}/edition/edition.xml",
                    "backfill": "all",
                    "allow_private": True,
                }
            ],
            "members": [
                _member("sputnik", "Sputnik News Agency", ["ru", "en"], files("sputnik"),
                        ["union", "cooperation", "climate", "space"]),
                _member("prnewswire", "PR Newswire", ["en", "zh-Hans"], hook("prnewswire"),
                        ["union", "publishing", "carbon*", "materials"]),
                _member("jst", "Japan Science and Technology Agency", ["ja"], mail, ["*"]),
                _member("clarivate", "Clarivate", ["en"], hook("clarivate"), ["data", "publishing", "union"]),
                _member("icgeb", "ICGEB", ["it", "en"], files("icgeb"),
                        ["life sciences", "health", "agriculture", "cooperation"]),
            ],
        }
    )  # fmt: skip


def _member(
    id: str, name: str, languages: list[str], channel: dict[str, Any], topics: list[str]
) -> dict[str, Any]:
    return {"id": id, "name": name, "languages": languages, "topics": topics, "channels": [channel]}
