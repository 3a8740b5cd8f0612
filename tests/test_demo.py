"""The first thing a newcomer runs: the sample edition, with the sample models, to five members."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

LETTERS = {
    "ru": "[а-яё]",
    "ja": "[ぁ-んァ-ヶ]",
    "zh-Hans": "[\u4e00-\u9fff]",
    "it": r"\b(della|il|gli|che)\b",
    "en": r"\b(the|of)\b",
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demo's folder, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "distributor", "demo", "--once", "--into", str(folder)]
    home = tmp_path_factory.mktemp("home")
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=110, cwd=home, env={**os.environ, "HOME": str(home)}
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert list(home.iterdir()) == [], "it leaves things in the home directory"
    return folder, result.stdout


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "distributor.db") as db:
        return db.execute(sql).fetchall()


def test_every_routed_delivery_is_delivered_at_the_first_attempt(played: tuple[Path, str]) -> None:
    folder, _ = played
    states = rows(folder, "SELECT state, attempts, count(*) FROM delivery GROUP BY 1, 2")
    assert states == [("delivered", 1, 49)]


def test_each_member_gets_its_own_languages_over_its_own_channel(played: tuple[Path, str]) -> None:
    got = Counter(rows(played[0], "SELECT lane, language FROM delivery"))
    assert got == {
        ("sputnik/folder", "ru"): 7, ("sputnik/folder", "en"): 7,
        ("prnewswire/webhook", "en"): 7, ("prnewswire/webhook", "zh-Hans"): 7,
        ("jst/email", "ja"): 10, ("clarivate/webhook", "en"): 5,
        ("icgeb/folder", "it"): 3, ("icgeb/folder", "en"): 3,
    }  # fmt: skip


def test_the_table_names_every_delivery_and_where_to_look(played: tuple[Path, str]) -> None:
    folder, out = played
    assert out.count(" delivered ") == 49
    assert "49 of 49 deliveries arrived" in out
    assert str(folder / "members") in out


@pytest.mark.parametrize("language", LETTERS)
def test_every_rendition_is_in_its_language(played: tuple[Path, str], language: str) -> None:
    found = rows(played[0], f"SELECT coalesce(r.content, v.content) FROM rendition r JOIN version v "
                            f"ON v.article = r.article WHERE r.language = '{language}'")  # fmt: skip
    contents = [json.loads(str(content)) for (content,) in found]
    assert contents
    for content in contents:
        for part in (content["headline"], content["body"]):
            text = re.sub("<[^>]*>", " ", part).lower()
            assert language == "en" or re.search(LETTERS[language], text) or len(text) < 80, text


def test_the_translated_feature_keeps_links_numbers_and_structure(played: tuple[Path, str]) -> None:
    found = rows(played[0], "SELECT r.language, r.content, v.content FROM rendition r JOIN version v "
                            "ON v.article = r.article AND v.number = r.version "
                            "WHERE r.content IS NOT NULL AND v.headline LIKE 'New report%'")  # fmt: skip
    assert len(found) == 3
    for _, made, original in found:
        bodies = [json.loads(str(content))["body"] for content in (made, original)]
        tags, links = (
            [sorted(re.findall(what, body)) for body in bodies] for what in (r"</?\w+", 'href="[^"]*"')
        )
        assert tags[0] == tags[1]
        assert links[0] == links[1]
        assert [body.count("<li>") for body in bodies] == [17, 17]


def test_files_stand_under_their_last_names_only(played: tuple[Path, str]) -> None:
    members = played[0] / "members"
    names = [path.name for member in ("sputnik", "icgeb") for path in (members / member).iterdir()]
    assert len(names) == 2 * (7 + 7 + 3 + 3)
    assert all(re.fullmatch(r"[a-z0-9-]+\.(ru|en|it)\.(json|html)", name) for name in names)


def test_what_came_over_http_and_mail_is_kept_as_it_came(played: tuple[Path, str]) -> None:
    members = played[0] / "members"
    assert len(list((members / "prnewswire").glob("dlv_*.json"))) == 14
    mails = [
        message_from_bytes(path.read_bytes(), policy=default) for path in (members / "jst").glob("dlv_*.eml")
    ]
    assert len(mails) == 10
    assert {mail["Content-Language"] for mail in mails} == {"ja"}
    assert all(re.search(LETTERS["ja"], mail.get_body(("plain",)).get_content()) for mail in mails)
