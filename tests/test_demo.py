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
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import feedparser
import pytest
from lxml import etree

from channels.formats import newsml_g2
from distributor.demo import readable

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
    assert states == [("delivered", 1, 75)]


def test_each_member_gets_its_own_languages_over_its_own_channel(played: tuple[Path, str]) -> None:
    got = Counter(rows(played[0], "SELECT lane, language FROM delivery"))
    assert got == {
        ("sputnik/sftp", "ru"): 7, ("sputnik/sftp", "en"): 7,
        ("sputnik/webhook", "ru"): 1, ("sputnik/webhook", "en"): 1,
        ("prnewswire/webhook", "en"): 7, ("prnewswire/webhook", "zh-Hans"): 7,
        ("prnewswire/email", "en"): 7, ("prnewswire/email", "zh-Hans"): 7,
        ("jst/email", "ja"): 10, ("jst/feed", "ja"): 10,
        ("clarivate/webhook", "en"): 5,
        ("icgeb/folder", "it"): 3, ("icgeb/folder", "en"): 3,
    }  # fmt: skip


def test_the_table_names_every_delivery_and_where_to_look(played: tuple[Path, str]) -> None:
    folder, out = played
    assert out.count(" delivered ") == 75
    assert "75 of 75 deliveries arrived" in out
    for place in ("members", "members/sputnik/sftp", "members/jst/feed", "log.jsonl", "distributor.db"):
        assert str(folder / place) in out
        assert (folder / place).exists()


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
    pages = [path.name for path in (members / "icgeb" / "folder").iterdir()]
    assert len(pages) == 6
    assert all(re.fullmatch(r"[a-z0-9-]+\.(it|en)\.html", name) for name in pages)
    items = [path.relative_to(members / "sputnik" / "sftp") for path in _files(members / "sputnik" / "sftp")]
    assert len(items) == 14
    assert all(re.fullmatch(r"(ru|en)/[a-z0-9-]+\.\1\.newsml\.xml", str(path)) for path in items)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_came_over_sftp_is_news_in_its_language(played: tuple[Path, str]) -> None:
    for path in _files(played[0] / "members" / "sputnik" / "sftp"):
        item = etree.fromstring(path.read_bytes())
        [language] = item.findall("nar:contentMeta/nar:language", {"nar": newsml_g2.NAMESPACE})
        assert language.get("tag") == path.parent.name
        assert re.search(LETTERS[path.parent.name], readable.newsml_g2(path.read_bytes()).lower())


def test_the_flash_alone_came_to_sputniks_webhook(played: tuple[Path, str]) -> None:
    items = [json.loads(path.read_bytes()) for path in _files(played[0] / "members" / "sputnik" / "webhook")]
    assert {(item["language"], item["urgency"]) for item in items} == {("ru", 1), ("en", 1)}
    assert len({item["altIds"][0]["value"] for item in items}) == 1


def test_what_came_over_http_and_mail_is_kept_as_it_came(played: tuple[Path, str]) -> None:
    members = played[0] / "members"
    assert len(list((members / "prnewswire" / "webhook").glob("dlv_*.json"))) == 14
    mails = {member: _mails(members / member / "email") for member in ("prnewswire", "jst")}
    assert Counter(mail["Content-Language"] for mail in mails["jst"]) == {"ja": 10}
    assert Counter(mail["Content-Language"] for mail in mails["prnewswire"]) == {"en": 7, "zh-Hans": 7}
    for mail in (*mails["jst"], *mails["prnewswire"]):
        text = mail.get_body(("plain",)).get_content().lower()
        assert re.search(LETTERS[mail["Content-Language"]], text)


def _mails(folder: Path) -> list[EmailMessage]:
    return [message_from_bytes(path.read_bytes(), policy=default) for path in _files(folder)]


@pytest.mark.parametrize("kind", ["rss", "atom", "json"])
def test_the_feed_was_fetched_whole(played: tuple[Path, str], kind: str) -> None:
    body = (played[0] / "members" / "jst" / "feed" / f"ja.{kind}").read_bytes()
    if kind == "json":
        titles = [item["title"] for item in json.loads(body)["items"]]
    else:
        titles = [entry.title for entry in feedparser.parse(body).entries]
    assert len(titles) == 10
    assert all(re.search(LETTERS["ja"], title) for title in titles)


def test_without_its_extra_the_demo_says_what_installs_it(tmp_path: Path) -> None:
    """And it is the only command that does."""
    block = "import sys; sys.modules['asyncssh'] = None; from distributor.cli import main; main()"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", block, *words]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)

    demo = run("demo", "--once")
    assert (demo.returncode, run("--version").returncode) == (1, 0)
    assert "pip install 'distributor[demo]'" in demo.stderr
    assert "Traceback" not in demo.stderr
