"""The commands as an operator and an editor type them, in a folder of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from distributor.cli import COMMANDS, main

FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Weekly</title><link>https://weekly.example/</link><description>d</description>
<language>en</language>{items}</channel></rss>"""
ITEM = """<item><title>{title}</title><guid isPermaLink="false">{guid}</guid><category>{category}</category>
<link>https://weekly.example/{guid}</link><pubDate>Tue, 21 Dec 2021 09:00:00 GMT</pubDate>
<description>The members of the union met in the conference hall.</description></item>"""
CONFIG = """
[[sources]]
name = "weekly"
url = "feed.xml"
backfill = "all"
[[members]]
id = "all"
name = "All of it"
languages = ["en"]
[[members.channels]]
type = "folder"
path = "outbox/all"
formats = ["ninjs"]
[[members]]
id = "space"
name = "Space only"
languages = ["en"]
topics = ["space"]
[[members.channels]]
type = "folder"
path = "outbox/space"
"""

Run = Callable[..., Result]


def feed(*titles: str, category: str = "Climate") -> None:
    items = (ITEM.format(title=t, guid=f"g{i}", category=category) for i, t in enumerate(titles, 1))
    Path("feed.xml").write_text(FEED.format(items="".join(items)), encoding="utf-8")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("config.toml").write_text(CONFIG, encoding="utf-8")
    feed("Union opens its conference", "Report lists research fronts")

    def invoke(*words: str, status: int = 0) -> Result:
        result = CliRunner().invoke(main, words)
        assert result.exit_code == status, result.output + result.stderr
        return result

    return invoke


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def arrived(member: str = "all") -> list[str]:
    return sorted(path.name for path in Path("outbox", member).glob("*.json"))


def test_one_pass_delivers_and_a_second_delivers_nothing_again(run: Run) -> None:
    assert "2 delivered" in run("run", "--once").stdout
    before = {path: path.stat().st_mtime_ns for path in Path("outbox").rglob("*.json")}
    assert len(before) == 2
    second = run("run", "--once")
    assert "2 delivered" in second.stdout
    assert "attempt" not in second.stderr
    assert {path: path.stat().st_mtime_ns for path in Path("outbox").rglob("*.json")} == before


def test_articles_and_deliveries_have_the_shapes_that_others_build_on(run: Run) -> None:
    run("run", "--once")
    article = lines(run("articles", "--json"))[0]
    assert list(article)[:10] == [
        "id", "source", "guid", "version", "pub_status", "urgency", "language", "headline", "url", "published"
    ]  # fmt: skip
    assert article["published"] == "2021-12-21T09:00:00.000Z"
    delivery = lines(run("deliveries", "--json"))[0]
    assert list(delivery)[:10] == [
        "id", "article", "version", "member", "channel", "language", "state", "attempts", "due", "answer"
    ]  # fmt: skip
    assert (delivery["member"], delivery["channel"], delivery["state"]) == ("all", "all/folder", "delivered")


def test_a_changed_item_is_a_new_version_of_the_same_article(run: Run) -> None:
    run("run", "--once")
    feed("Union opens its conference in Beijing", "Report lists research fronts")
    run("run", "--once")
    versions = {a["guid"]: a["version"] for a in lines(run("articles", "--json"))}
    assert versions == {"g1": 2, "g2": 1}
    assert len(lines(run("deliveries", "--json", "--state", "delivered"))) == 3


def test_why_tells_who_gets_it_and_who_does_not(run: Run) -> None:
    run("run", "--once")
    told = {row["member"]: row for row in lines(run("why", "g1", "--json"))}
    assert told["all"]["gets"] == ["en over all/folder"]
    assert (told["space"]["gets"], told["space"]["why"]) == ([], "none of its topics (space) among Climate")
    assert [row["member"] for row in lines(run("why", "g1", "space", "--json"))] == ["space"]
    assert "no member 'nobody'" in run("why", "g1", "nobody", status=2).stderr


def test_hold_and_release(run: Run) -> None:
    Path("outbox").write_text("in the way of the folder", encoding="utf-8")
    run("run", "--once", status=1)
    assert "held: 1" in run("hold", "g1", "--reason", "a number is wrong").stdout
    held = lines(run("articles", "--json", "--status", "withheld"))
    assert [(a["guid"], a["reason"]) for a in held] == [("g1", "a number is wrong")]
    assert "a number is wrong" in run("status", status=1).stdout
    Path("outbox").unlink()
    run("run", "--once")
    assert len(arrived()) == 1
    assert "released: 1" in run("release", "g1").stdout
    run("run", "--once")
    assert len(arrived()) == 2


def test_urgent_is_kept_and_told(run: Run) -> None:
    run("run", "--once")
    run("urgent", "g2")
    assert {a["guid"]: a["urgency"] for a in lines(run("articles", "--json"))} == {"g1": 5, "g2": 1}


def test_a_dead_delivery_is_shown_and_replayed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from channels.channel import Refused
    from channels.folder import Folder

    async def refuse(*_: object) -> None:
        raise Refused("too long a headline")

    with monkeypatch.context() as broken:
        broken.setattr(Folder, "send", refuse)
        run("run", "--once", status=1)
    assert "too long a headline" in run("deliveries", "--state", "dead").stdout
    run("status", status=1)
    assert "2 deliveries would be replayed" in run("replay", "--channel", "all/folder", "--dry-run").stdout
    tomorrow = datetime.now(UTC).replace(year=2999).strftime("%Y-%m-%d")
    assert "0 deliveries" in run("replay", "--since", tomorrow, status=1).stdout
    assert "2 deliveries replayed" in run("replay", "--channel", "all/folder").stdout
    run("run", "--once")
    assert len(arrived()) == 2
    run("status")


def test_replay_wants_to_know_which(run: Run) -> None:
    assert "say which" in run("replay", status=2).stderr


def test_check_says_what_is_amiss(run: Run) -> None:
    assert "ok    source weekly: 2 items" in run("check").stdout
    Path("feed.xml").unlink()
    findings = lines(run("check", "--json", status=1))
    assert [f["what"] for f in findings if not f["fine"]] == ["source weekly"]


def test_a_bad_configuration_ends_with_2_and_the_mend(run: Run) -> None:
    Path("config.toml").write_text(CONFIG.replace("languages", "langages", 1), encoding="utf-8")
    told = run("run", status=2).stderr
    assert "config.toml: members[0].langages: unknown key, did you mean 'languages'?" in told
    assert "--config" in run("--config", "nowhere.toml", "status", status=2).stderr


def test_what_is_not_there_is_a_line_not_a_traceback(run: Run) -> None:
    assert (
        run("hold", "nothing", status=1).stderr
        == "distributor: no article called 'nothing'; see: distributor articles\n"
    )


def test_a_missing_model_holds_its_language_only_and_names_the_mend(run: Run) -> None:
    Path("models").mkdir()
    models = CONFIG.replace('languages = ["en"]', 'languages = ["fi", "en"]', 1)
    Path("config.toml").write_text('[translation]\npackages = "models"\n' + models, encoding="utf-8")
    run("run", "--once")
    states = {(d["language"], d["state"]) for d in lines(run("deliveries", "--json"))}
    assert states == {("en", "delivered"), ("fi", "waiting")}
    assert "distributor models install en fi" in run("status", status=1).stdout


@pytest.mark.parametrize("command", [c.name for c in COMMANDS])
def test_every_command_has_help_and_stands_in_the_readme(run: Run, command: str) -> None:
    assert len(run(command, "--help").stdout.splitlines()) > 5
    assert f"distributor {command}" in (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_a_channel_is_paused_and_resumed(run: Run) -> None:
    run("run", "--once")
    run("pause", "all/folder", "--reason", "they move house")
    feed("Union opens its conference", "Report lists research fronts", "A third one")
    run("run", "--once", status=1)
    (paused,) = [c for c in lines(run("channels", "--json")) if c["channel"] == "all/folder"]
    assert (paused["state"], paused["reason"], paused["pending"]) == ("paused", "they move house", 1)
    assert "all/folder was paused, and is open" in run("resume", "all/folder").output
    run("run", "--once")
    assert "no channel called 'x/y'; see: distributor channels" in run("resume", "x/y", status=1).output


def test_a_channel_that_refuses_us_leaves_a_notice_until_it_is_seen_to(run: Run) -> None:
    Path("outbox").mkdir()
    Path("outbox/all").write_text("a file where the folder should be", encoding="utf-8")
    run("run", "--once", status=1)
    (told,) = lines(run("notices", "--json"))
    assert (told["kind"], told["subject"]) == ("parked", "all/folder")
    assert "outbox/all" in told["text"]
    assert "parked" in run("status", status=1).output
    Path("outbox/all").unlink()
    run("run", "--once")
    assert lines(run("notices", "--json")) == []
    assert lines(run("notices", "--all", "--json"))[0]["over"]
    assert "no open notice 7" in run("notices", "--close", "7", status=1).output


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('digest = "noon"', "members[0].channels[0].digest: not a time: 'noon'; write '09:00'"),
        ('rate = "fast"', "members[0].channels[0].rate: not a rate: 'fast'; write a number and a time"),
        ('disable_after = "0s"', "members[0].channels[0].disable_after: Input should be greater"),
    ],
)
def test_what_a_channel_cannot_be_told_is_a_fault_with_its_key(run: Run, line: str, fault: str) -> None:
    told = CONFIG.replace('path = "outbox/all"', f'path = "outbox/all"\n{line}')
    Path("config.toml").write_text(told, encoding="utf-8")
    assert fault in run("check", status=2).output


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('zone = "Tokyo"', "members[0].zone: no time zone 'Tokyo'; write an IANA name, such as 'Asia/Tokyo'"),
        ('window = "9 to 5"', "members[0].window: not hours: '9 to 5'; write '09:00-18:00'"),
    ],
)
def test_hours_that_make_no_sense_are_a_fault_with_its_key(run: Run, line: str, fault: str) -> None:
    Path("config.toml").write_text(CONFIG.replace('id = "all"', f'id = "all"\n{line}'), encoding="utf-8")
    assert fault in run("check", status=2).output


def test_what_waits_for_a_digest_is_not_due(run: Run) -> None:
    told = CONFIG.replace('path = "outbox/all"', 'path = "outbox/all"\ndigest = "daily 09:00"')
    Path("config.toml").write_text(told, encoding="utf-8")
    assert "2 pending (2 of them for their member's hours)" in run("run", "--once").output
    assert arrived() == []


def test_check_asks_the_channels_for_notices_too(run: Run) -> None:
    Path("config.toml").write_text('[[notices]]\ntype = "folder"\npath = "/proc/away"\n' + CONFIG, "utf-8")
    result = run("check", status=1)
    assert "notices folder 1" in result.output


def test_the_private_addresses_are_told_to_who_runs_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "[web] listen" in run("addresses", status=1).output
    monkeypatch.setenv("A_TOKEN", "a" * 24)
    member = CONFIG.replace('id = "all"\n', 'id = "all"\ntoken = { env = "A_TOKEN" }\n')
    feed_channel = member + '[web]\nlisten = "127.0.0.1:8080"\nurl = "https://wire.example/"\n'
    Path("config.toml").write_text(feed_channel, encoding="utf-8")
    told = json.loads(run("addresses", "--json").output)
    at = "https://wire.example"
    assert told == {"member": "all", "address": f"{at}/members/{'a' * 24}", "feeds": [], "hub": f"{at}/hub"}
    assert "no member space with a token" in run("addresses", "space", status=1).output


def test_the_table_of_addresses_has_each_feed_whole(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    token = "a" * 48
    monkeypatch.setenv("A_TOKEN", token)
    config = CONFIG.replace('id = "all"\n', 'id = "all"\ntoken = { env = "A_TOKEN" }\n')
    config = config.replace('type = "folder"\npath = "outbox/all"\nformats = ["ninjs"]\n', 'type = "feed"\n')
    web = '[web]\nlisten = "127.0.0.1:8080"\nurl = "https://wire.example"\n'
    Path("config.toml").write_text(config + web, encoding="utf-8")
    lines = [line.split() for line in run("addresses").output.splitlines()]
    its = f"https://wire.example/members/{token}"
    feeds = [[f"en.{kind}", f"{its}/en.{kind}"] for kind in ("rss", "atom", "json")]
    assert [line for line in lines if its in line[-1]] == [["all", "all", its], *feeds]
