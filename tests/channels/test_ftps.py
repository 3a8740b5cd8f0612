from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from channel_stories import HOSTILE, STORY, story
from drops import CUT, HANG, HANG_UP, Drop, breaking_line, ftps_server
from pydantic import ValidationError

from channels import ftps as module
from channels.channel import Denied, Refused, Unavailable
from channels.formats import html, ninjs
from channels.ftps import Ftps
from channels.story import IdempotencyKey

KEY = IdempotencyKey("d-1")
NAME = "carbon-report.ru.json"
LARGE = story(body="<p>" + "длинно " * 80_000 + "</p>")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "secret")


@pytest.fixture
def drop(tmp_path: Path, certificate: Path) -> Iterator[Drop]:
    (tmp_path / "in").mkdir()
    with ftps_server(tmp_path / "in", certificate) as running:
        yield running


def configured(port: int, certificate: Path, **more: Any) -> dict[str, Any]:
    return {
        "type": "ftps",
        "host": "127.0.0.1",
        "port": port,
        "ca": certificate / "cert.pem",
        "username": "wire",
        "password": {"env": "PASSWORD"},
        "allow_private": True,
    } | more


def channel(settings: dict[str, Any]) -> Ftps:
    return Ftps(Ftps.Settings.model_validate(settings))


@pytest.fixture
async def ftps(drop: Drop, certificate: Path) -> AsyncIterator[Ftps]:
    async with channel(configured(drop.port, certificate, formats=["ninjs", "html"])) as opened:
        yield opened


async def test_each_format_is_a_file_and_the_receipt_says_where(ftps: Ftps, drop: Drop) -> None:
    receipt = await ftps.send(STORY, KEY)
    assert drop.names() == {NAME, "carbon-report.ru.html"}
    assert drop.bytes(NAME) == ninjs.encode(STORY)
    assert drop.bytes("carbon-report.ru.html") == html.encode(STORY)
    assert (receipt.answer, receipt.remote_id) == (NAME, NAME)
    assert receipt.url == f"ftps://127.0.0.1:{drop.port}/{NAME}"


async def test_a_repeat_and_a_correction_take_the_same_place(ftps: Ftps, drop: Drop) -> None:
    for version in (2, 2, 3):
        await ftps.send(story(version=version), KEY)
    assert drop.names() == {NAME, "carbon-report.ru.html"}
    assert json.loads(drop.bytes(NAME))["version"] == "3"


async def test_a_large_item_arrives_whole(ftps: Ftps, drop: Drop) -> None:
    await ftps.send(LARGE, KEY)
    assert drop.bytes(NAME) == ninjs.encode(LARGE)


async def test_a_withdrawn_story_is_an_item_that_says_so_and_no_page(ftps: Ftps, drop: Drop) -> None:
    await ftps.send(STORY, KEY)
    for _ in range(2):
        await ftps.send(story(version=3, pub_status="canceled"), IdempotencyKey("d-2"))
    assert drop.names() == {NAME}
    assert json.loads(drop.bytes(NAME))["pubStatus"] == "canceled"


async def test_a_page_that_may_not_be_removed_is_denied(ftps: Ftps, drop: Drop) -> None:
    await ftps.send(STORY, KEY)
    drop.says = {"DELE": ["550 Permission denied."]}
    with pytest.raises(Denied, match="550 Permission denied"):
        await ftps.send(story(version=3, pub_status="canceled"), IdempotencyKey("d-2"))


@pytest.mark.parametrize("start", ["", "/"])
async def test_directories_are_made_as_a_template_says(drop: Drop, certificate: Path, start: str) -> None:
    told = {"directory": start + "wire/{language}/{date}", "file_name": "{slug}_v{version}.{extension}"}
    async with channel(configured(drop.port, certificate, **told)) as ftps:
        receipt = await ftps.send(STORY, KEY)
        await ftps.send(story(version=3), KEY)
    folder = "wire/ru/2021-12-21"
    assert drop.names() == {f"{folder}/carbon-report_v2.json", f"{folder}/carbon-report_v3.json"}
    beginning = "%2F" if start else ""
    assert receipt.url == f"ftps://127.0.0.1:{drop.port}/{beginning}{folder}/carbon-report_v2.json"


async def test_implicit_tls_by_choice(tmp_path: Path, certificate: Path) -> None:
    (tmp_path / "in").mkdir()
    with ftps_server(tmp_path / "in", certificate, implicit=True) as drop:
        async with channel(configured(drop.port, certificate, tls="implicit")) as ftps:
            await ftps.send(STORY, KEY)
        assert drop.names() == {NAME}


async def test_one_connection_carries_many_items(ftps: Ftps, drop: Drop) -> None:
    for n in range(5):
        await ftps.send(story(slug=f"item-{n}"), KEY)
    await ftps.check()
    assert len(drop.connections) == 1
    assert len(drop.names()) == 10


async def test_many_at_the_same_time_have_a_connection_each(ftps: Ftps, drop: Drop) -> None:
    slugs = [f"item-{n}" for n in range(8)]
    await asyncio.gather(*(ftps.send(story(slug=slug), IdempotencyKey(slug)) for slug in slugs))
    assert drop.names() == {f"{slug}.ru.{kind}" for slug in slugs for kind in ("json", "html")}


@pytest.mark.parametrize("fresh", [5.0, 0.0])
async def test_a_connection_that_was_lost_is_made_anew(
    ftps: Ftps, drop: Drop, monkeypatch: pytest.MonkeyPatch, fresh: float
) -> None:
    monkeypatch.setattr(module, "FRESH", fresh)
    await ftps.send(STORY, KEY)
    drop.says = {"NOOP": ["421 Too long idle."]}
    if fresh:
        drop.connections[0].close()
    await asyncio.sleep(0.1)
    await ftps.send(story(version=3), KEY)
    assert len(drop.connections) == 2


@pytest.mark.parametrize(
    ("command", "says", "raised"),
    [
        ("EPSV", "425 Cannot open a connection.", Unavailable),
        ("STOR", "421 Going down.", Unavailable),
        ("STOR", "450 Busy.", Unavailable),
        ("STOR", "452 No space left.", Unavailable),
        ("STOR", "552 Over quota.", Unavailable),
        ("STOR", "501 Bad name.", Refused),
        ("STOR", "532 Need account.", Denied),
        ("SIZE", "213 17", Unavailable),
        ("RNFR", "550 Permission denied.", Denied),
        ("RNTO", "553 Permission denied.", Denied),
        ("RNTO", "452 Disk full.", Unavailable),
    ],
)
async def test_what_the_server_says_is_what_is_raised(
    ftps: Ftps, drop: Drop, command: str, says: str, raised: type[Exception]
) -> None:
    await ftps.check()
    drop.says = {command: [says]}
    if says.startswith("553"):
        drop.says["DELE"] = ["550 Permission denied."]
    with pytest.raises(raised, match="17 of" if command == "SIZE" else says[:3]) as told:
        await ftps.send(STORY, KEY)
    assert told.type is raised
    assert not getattr(told.value, "unknown", False)
    assert not getattr(told.value, "blip", False)
    await asyncio.gather(*ftps.tidying)
    assert not drop.names()
    await ftps.send(STORY, KEY)
    assert len(drop.names()) == 2


async def test_a_directory_that_cannot_be_written_is_denied(drop: Drop, certificate: Path) -> None:
    (drop.root / "wire").write_text("a file")
    async with channel(configured(drop.port, certificate, directory="wire")) as ftps:
        for attempt in (lambda: ftps.send(STORY, KEY), ftps.check):
            with pytest.raises(Denied, match="550"):
                await attempt()


async def test_a_full_disk_is_unavailable_whatever_its_number(ftps: Ftps, drop: Drop) -> None:
    drop.says = {"STOR": ["550 No space left on device."] * 2}
    with pytest.raises(Unavailable, match="No space"):
        await ftps.send(STORY, KEY)


async def test_a_server_that_does_not_rename_over_a_name_is_helped(ftps: Ftps, drop: Drop) -> None:
    for version in (2, 3):
        await ftps.send(story(version=version), KEY)
        drop.says = {"RNTO": ["550 File exists."]}
    assert drop.names() == {NAME, "carbon-report.ru.html"}
    assert json.loads(drop.bytes(NAME))["version"] == "3"


async def test_a_rename_that_has_to_wait_leaves_what_was_there(ftps: Ftps, drop: Drop) -> None:
    await ftps.send(STORY, KEY)
    drop.says = {"RNTO": ["452 Disk full."]}
    with pytest.raises(Unavailable):
        await ftps.send(story(version=3), KEY)
    await asyncio.gather(*ftps.tidying)
    assert drop.names() == {NAME, "carbon-report.ru.html"}
    assert json.loads(drop.bytes(NAME))["version"] == "2"


async def test_an_answer_that_makes_no_sense_is_denied(ftps: Ftps, drop: Drop) -> None:
    await ftps.check()
    drop.says = {"EPSV": ["229 somewhere"]}
    with pytest.raises(Denied, match="does not speak FTP"):
        await ftps.send(STORY, KEY)


@pytest.mark.parametrize(
    ("command", "unknown"), [("EPSV", False), ("STOR", False), ("RNFR", True), ("RNTO", True)]
)
@pytest.mark.parametrize("fault", [HANG, HANG_UP])
async def test_no_answer_is_unknown_once_a_name_may_have_been_given(
    drop: Drop, certificate: Path, command: str, unknown: bool, fault: str
) -> None:
    async with channel(configured(drop.port, certificate, timeout="2s")) as ftps:
        drop.says = {command: [fault]}
        with pytest.raises(Unavailable) as raised:
            await ftps.send(STORY, KEY)
        assert raised.value.unknown is unknown
        assert not raised.value.blip
        await ftps.send(STORY, KEY)
        await asyncio.gather(*ftps.tidying)
    assert drop.names() == {NAME}


async def test_a_transfer_that_is_cut_leaves_nothing_by_the_name(ftps: Ftps, drop: Drop) -> None:
    drop.says = {"data": [None, None, CUT]}
    with pytest.raises(Unavailable):
        await ftps.send(LARGE, KEY)
    await asyncio.gather(*ftps.tidying)
    assert NAME not in drop.names()
    await ftps.send(STORY, KEY)
    assert drop.bytes(NAME) == ninjs.encode(STORY)


async def test_a_line_that_is_cut_is_unavailable(drop: Drop, certificate: Path) -> None:
    line = breaking_line(drop.port, after=700)
    async with line as port, channel(configured(port, certificate)) as ftps:
        with pytest.raises(Unavailable, match="lost") as raised:
            await ftps.send(STORY, KEY)
        assert raised.value.blip
    assert not drop.names()


@pytest.mark.parametrize("command", ["EPSV", "STOR", "RNTO"])
async def test_an_attempt_that_is_cancelled_disturbs_no_other(ftps: Ftps, drop: Drop, command: str) -> None:
    drop.says = {command: [HANG]}
    attempt = asyncio.create_task(ftps.send(STORY, KEY))
    while drop.says[command]:
        await asyncio.sleep(0.005)
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    await ftps.send(story(slug="other"), IdempotencyKey("d-2"))
    await asyncio.gather(*ftps.tidying)
    assert drop.names() == {"other.ru.json", "other.ru.html"}


async def test_text_that_utf_8_cannot_carry_is_refused(ftps: Ftps, drop: Drop) -> None:
    with pytest.raises(Refused, match="utf-8"):
        await ftps.send(HOSTILE["lone surrogate"], KEY)
    assert not drop.names()


@pytest.mark.parametrize(
    ("more", "error", "told"),
    [
        ({"password": {"env": "OTHER"}}, Denied, "530"),
        ({"ca": None}, Denied, "bad certificate"),
        ({"allow_private": False}, Denied, "private address"),
        ({"tls": "implicit"}, Denied, "no TLS"),
        ({"host": "no-such-host.invalid"}, Unavailable, "cannot be resolved"),
    ],
)
async def test_who_is_not_let_in_is_told_why(
    drop: Drop,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    more: dict[str, Any],
    error: type[Exception],
    told: str,
) -> None:
    monkeypatch.setenv("OTHER", "hunter2")
    async with channel(configured(drop.port, certificate, **more)) as ftps:
        for attempt in (lambda: ftps.send(STORY, KEY), ftps.check):
            with pytest.raises(error, match=told) as raised:
                await attempt()
            assert "hunter2" not in str(raised.value)
    assert not drop.names()


async def test_a_certificate_for_another_host_is_denied(tmp_path: Path, certificate: Path) -> None:
    with ftps_server(tmp_path, certificate, host="127.0.0.2") as drop:
        async with channel(configured(drop.port, certificate, host="127.0.0.2")) as ftps:
            with pytest.raises(Denied, match="bad certificate: IP address mismatch"):
                await ftps.send(STORY, KEY)


async def scripted(*lines: bytes) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(lines[0])
        for line in lines[1:]:
            await reader.readline()
            writer.write(line)
        await reader.read()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("lines", "error", "told"),
    [
        ([b"421 Too many connections.\r\n"], Unavailable, "421 Too many"),
        ([b"530 Not for you.\r\n"], Denied, "530 Not for you"),
        ([b"220 hello\r\n", b"502 No TLS here.\r\n"], Denied, "502 No TLS"),
        ([b"220 hello\r\n", b"234 go\r\n200 injected\r\n"], Denied, "in the open"),
        ([b"220 hello\r\n", b"234 go\r\n", b"no TLS at all, but long enough to see that"], Denied, "no TLS"),
        ([b"\xff\xfe\r\n"], Denied, "does not speak FTP"),
        ([b""], Unavailable, "in time"),
    ],
)
async def test_what_a_server_says_at_first_is_understood(
    certificate: Path, lines: list[bytes], error: type[Exception], told: str
) -> None:
    server = await scripted(*lines)
    port = server.sockets[0].getsockname()[1]
    async with server, channel(configured(port, certificate, timeout="0.6s")) as ftps:
        with pytest.raises(error, match=told) as raised:
            await ftps.send(STORY, KEY)
    assert raised.type is error
    assert getattr(raised.value, "blip", False) is (told == "in time")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"username": "wire\r\nDELE x"}, "control character"),
        ({"file_name": "{slug}.{headline}"}, "no placeholder"),
        ({"directory": "../up"}, "not '', '.' or '..'"),
        ({"tls": "none"}, "'explicit' or 'implicit'"),
    ],
)
def test_a_setting_that_cannot_work_is_told_with_its_mend(
    certificate: Path, more: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        Ftps.Settings.model_validate(configured(21, certificate, **more))
