from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from channel_stories import HOSTILE, STORY, story
from drops import HANG, HANG_UP, Drop, breaking_line, openssh_server, sftp_server
from pydantic import ValidationError

from channels.channel import Denied, Refused, Unavailable
from channels.formats import html, ninjs
from channels.sftp import Sftp
from channels.story import IdempotencyKey

KEY = IdempotencyKey("d-1")
NAME = "carbon-report.ru.json"
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
LARGE = story(body="<p>" + "длинно " * 80_000 + "</p>")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "secret")


@pytest.fixture
async def drop(tmp_path: Path) -> AsyncIterator[Drop]:
    (tmp_path / "in").mkdir()
    async with sftp_server(tmp_path / "in", HOST_KEY) as running:
        yield running


@pytest.fixture
def openssh(tmp_path: Path) -> Iterator[tuple[Drop, dict[str, Any]]]:
    with openssh_server(tmp_path) as running:
        yield running


def configured(port: int = 22, /, **more: Any) -> dict[str, Any]:
    return {
        "type": "sftp",
        "host": "127.0.0.1",
        "port": port,
        "username": "wire",
        "password": {"env": "PASSWORD"},
        "host_key": HOST_KEY.export_public_key().decode(),
        "allow_private": True,
    } | more


def channel(settings: dict[str, Any]) -> Sftp:
    return Sftp(Sftp.Settings.model_validate(settings))


@pytest.fixture
async def sftp(drop: Drop) -> AsyncIterator[Sftp]:
    async with channel(configured(drop.port, formats=["ninjs", "html"])) as opened:
        yield opened


async def test_each_format_is_a_file_and_the_receipt_says_where(sftp: Sftp, drop: Drop) -> None:
    receipt = await sftp.send(STORY, KEY)
    assert drop.names() == {NAME, "carbon-report.ru.html"}
    assert drop.bytes(NAME) == ninjs.encode(STORY)
    assert drop.bytes("carbon-report.ru.html") == html.encode(STORY)
    assert (receipt.answer, receipt.remote_id) == (NAME, NAME)
    assert receipt.url == f"sftp://127.0.0.1:{drop.port}/~/{NAME}"


async def test_a_repeat_and_a_correction_take_the_same_place(sftp: Sftp, drop: Drop) -> None:
    for version in (2, 2, 3):
        await sftp.send(story(version=version), KEY)
    assert drop.names() == {NAME, "carbon-report.ru.html"}
    assert json.loads(drop.bytes(NAME))["version"] == "3"


async def test_a_withdrawn_story_is_an_item_that_says_so_and_no_page(sftp: Sftp, drop: Drop) -> None:
    await sftp.send(STORY, KEY)
    for _ in range(2):
        await sftp.send(story(version=3, pub_status="canceled"), IdempotencyKey("d-2"))
    assert drop.names() == {NAME}
    assert json.loads(drop.bytes(NAME))["pubStatus"] == "canceled"


async def test_directories_are_made_as_a_template_says(drop: Drop) -> None:
    told = {"directory": "/wire/{language}/{date}", "file_name": "{slug}_v{version}.{extension}"}
    async with channel(configured(drop.port, **told)) as sftp:
        receipt = await sftp.send(STORY, KEY)
        await sftp.send(story(version=3), KEY)
    folder = "wire/ru/2021-12-21"
    assert drop.names() == {f"{folder}/carbon-report_v2.json", f"{folder}/carbon-report_v3.json"}
    assert receipt.url == f"sftp://127.0.0.1:{drop.port}/{folder}/carbon-report_v2.json"


async def test_one_connection_carries_many_items_at_once(sftp: Sftp, drop: Drop) -> None:
    slugs = [f"item-{n}" for n in range(30)]
    await asyncio.gather(*(sftp.send(story(slug=slug), IdempotencyKey(slug)) for slug in slugs))
    await sftp.check()
    assert len(drop.connections) == 1
    assert drop.names() == {f"{slug}.ru.{kind}" for slug in slugs for kind in ("json", "html")}


async def test_a_connection_that_was_lost_is_made_anew(sftp: Sftp, drop: Drop) -> None:
    await sftp.send(STORY, KEY)
    drop.connections[0].abort()
    await asyncio.sleep(0.05)
    await sftp.send(story(version=3), KEY)
    assert len(drop.connections) == 2


async def test_a_session_that_ends_alone_is_made_anew(sftp: Sftp, drop: Drop) -> None:
    await sftp.send(STORY, KEY)
    (await sftp.ssh.sftp()).exit()
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable):
        await sftp.send(STORY, KEY)
    await sftp.send(STORY, KEY)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (asyncssh.SFTPPermissionDenied("Permission denied"), Denied),
        (asyncssh.SFTPFailure("No space left on device"), Unavailable),
        (asyncssh.SFTPQuotaExceeded("over quota"), Unavailable),
        (asyncssh.SFTPBadMessage("File name too long"), Refused),
    ],
)
@pytest.mark.parametrize("operation", ["open", "write", "rename"])
async def test_what_the_server_says_is_what_is_raised(
    sftp: Sftp, drop: Drop, operation: str, error: asyncssh.SFTPError, raised: type[Exception]
) -> None:
    drop.says = {operation: [error]}
    with pytest.raises(raised, match=str(error.reason)) as told:
        await sftp.send(STORY, KEY)
    assert told.type is raised
    assert not getattr(told.value, "unknown", False)
    assert not getattr(told.value, "blip", False)
    await asyncio.gather(*sftp.tidying)
    assert not drop.names()
    await sftp.send(STORY, KEY)
    assert len(drop.names()) == 2
    assert len(drop.connections) == 1


async def test_a_server_that_cannot_rename_over_a_name_is_helped(sftp: Sftp, drop: Drop) -> None:
    for version in (2, 3):
        drop.says = {"rename": [asyncssh.SFTPOpUnsupported("no")] * 2}
        await sftp.send(story(version=version), KEY)
    assert drop.names() == {NAME, "carbon-report.ru.html"}
    assert json.loads(drop.bytes(NAME))["version"] == "3"


@pytest.mark.parametrize(
    ("operation", "unknown"), [("open", False), ("write", False), ("rename", True), ("renamed", True)]
)
@pytest.mark.parametrize("fault", [HANG, HANG_UP])
async def test_no_answer_is_unknown_once_a_name_may_have_been_given(
    drop: Drop, operation: str, unknown: bool, fault: str
) -> None:
    async with channel(configured(drop.port, timeout="2s")) as sftp:
        drop.says = {operation: [fault]}
        with pytest.raises(Unavailable) as raised:
            await sftp.send(STORY, KEY)
        assert raised.value.unknown is unknown
        assert not raised.value.blip
        await sftp.send(STORY, KEY)
        drop.closing.set()
        await asyncio.gather(*sftp.tidying)
    assert drop.names() == {NAME}


async def test_a_line_that_is_cut_leaves_nothing_by_the_name(drop: Drop) -> None:
    async with breaking_line(drop.port, after=200_000) as port, channel(configured(port)) as sftp:
        with pytest.raises(Unavailable, match="lost"):
            await sftp.send(LARGE, KEY)
        await sftp.send(STORY, KEY)
        await asyncio.gather(*sftp.tidying)
    assert drop.names() == {NAME}
    assert drop.bytes(NAME) == ninjs.encode(STORY)


@pytest.mark.parametrize("operation", ["open", "write", "rename"])
async def test_an_attempt_that_is_cancelled_disturbs_no_other(sftp: Sftp, drop: Drop, operation: str) -> None:
    await sftp.check()
    drop.says = {operation: [HANG]}
    attempt = asyncio.create_task(sftp.send(STORY, KEY))
    while drop.says[operation]:
        await asyncio.sleep(0.005)
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    drop.closing.set()
    await sftp.send(story(slug="other"), IdempotencyKey("d-2"))
    await asyncio.gather(*sftp.tidying)
    assert len(drop.connections) == 1
    assert not [name for name in drop.names() if name.startswith(".")]
    assert {"other.ru.json", "other.ru.html"} <= drop.names()


async def test_an_attempt_that_is_cancelled_while_connecting_disturbs_no_other(
    sftp: Sftp, drop: Drop
) -> None:
    first, second = (asyncio.create_task(sftp.send(STORY, KEY)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    await second
    assert len(drop.connections) == 1


async def test_text_that_utf_8_cannot_carry_is_refused(sftp: Sftp, drop: Drop) -> None:
    with pytest.raises(Refused, match="utf-8"):
        await sftp.send(HOSTILE["lone surrogate"], KEY)
    assert not drop.names()


@pytest.mark.parametrize(
    ("more", "error", "told"),
    [
        ({"password": {"env": "OTHER"}}, Denied, "does not let wire in"),
        ({"username": "nobody"}, Denied, "does not let nobody in"),
        ({"host_key": "SHA256:" + "A" * 43}, Denied, "shows a key that is not its host_key: ssh-ed25519 SHA"),
        ({"allow_private": False}, Denied, "private address"),
        ({"host": "no-such-host.invalid"}, Unavailable, "cannot be resolved"),
    ],
)
async def test_who_is_not_let_in_is_told_why(
    drop: Drop, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], error: type[Exception], told: str
) -> None:
    monkeypatch.setenv("OTHER", "hunter2")
    async with channel(configured(drop.port, **more)) as sftp:
        for attempt in (lambda: sftp.send(STORY, KEY), sftp.check):
            with pytest.raises(error, match=told) as raised:
                await attempt()
            assert "hunter2" not in str(raised.value)
    assert not drop.names()


async def test_another_key_of_the_host_is_denied(drop: Drop) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    async with channel(configured(drop.port, host_key=other)) as sftp:
        with pytest.raises(Denied, match=HOST_KEY.get_fingerprint().replace("+", r"\+")):
            await sftp.check()


async def test_a_key_may_be_pinned_in_any_of_its_forms(drop: Drop) -> None:
    line = HOST_KEY.export_public_key().decode()
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").get_fingerprint()
    for pinned in (line, f"[127.0.0.1]:22 {line}", HOST_KEY.get_fingerprint(), [other, line]):
        async with channel(configured(drop.port, host_key=pinned)) as sftp:
            assert await sftp.check()


async def test_the_key_that_is_pinned_is_the_one_that_is_asked_for(tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    async with sftp_server(tmp_path, HOST_KEY, other) as drop:
        for key in (HOST_KEY, other):
            async with channel(configured(drop.port, host_key=key.export_public_key().decode())) as sftp:
                assert await sftp.check()


@pytest.mark.parametrize("passphrase", ["", "open sesame"])
async def test_a_key_logs_in(tmp_path: Path, passphrase: str) -> None:
    (tmp_path / "in").mkdir()
    login = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "key").write_bytes(login.export_private_key("openssh", passphrase or None, rounds=50))
    (tmp_path / "passphrase").write_text(passphrase)
    told: dict[str, Any] = {"password": None, "key": {"file": str(tmp_path / "key")}}
    if passphrase:
        told["passphrase"] = {"file": str(tmp_path / "passphrase")}
    async with sftp_server(tmp_path / "in", HOST_KEY, login=login) as drop:
        async with channel(configured(drop.port, **told)) as sftp:
            await sftp.send(STORY, KEY)
        assert drop.names() == {NAME}


async def test_who_says_nothing_when_called_is_a_blip(nobody: int) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, channel(configured(server.sockets[0].getsockname()[1], timeout="0.4s")) as sftp:
        with pytest.raises(Unavailable, match=r"no login on 127\.0\.0\.1 in time") as raised:
            await sftp.send(STORY, KEY)
        assert raised.value.blip


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"host_key": []}, "ssh-keyscan -p 22 127.0.0.1"),
        ({"host_key": "ssh-ed25519 nonsense"}, "ssh-keyscan"),
        ({"host_key": "MD5:00"}, "not a host key"),
        ({"password": None}, "password or key"),
        ({"passphrase": {"env": "PASSWORD"}}, "set key"),
        ({"key": {"env": "PASSWORD"}}, "not a private key"),
        ({"file_name": "{slug}.{headline}"}, r"no placeholder \{headline\}; there are: \{slug\}"),
        ({"file_name": "{slug!r}.{language}"}, "no placeholder"),
        ({"file_name": "{slug.__class__}.{language}"}, "no placeholder"),
        ({"file_name": "{slug:>1000000}.{language}"}, "no placeholder"),
        ({"file_name": "{}{slug}{language}"}, "no placeholder"),
        ({"file_name": "{slug"}, "a brace"),
        ({"file_name": "{slug}/{language}"}, "directory"),
        ({"file_name": "{language}.json"}, r"put \{slug\}"),
        ({"file_name": "{slug}.json"}, r"put \{language\}"),
        ({"file_name": "{slug}.{language}", "formats": ["ninjs", "html"]}, r"put \{extension\}"),
        ({"file_name": "{slug}\r\n{language}"}, "cannot be part of a name"),
        ({"directory": "a/../../b"}, "not '', '.' or '..'"),
        ({"directory": "a//b"}, "not '', '.' or '..'"),
        ({"formats": []}, "at least 1"),
    ],
)
def test_a_setting_that_cannot_work_is_told_with_its_mend(more: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told) as raised:
        Sftp.Settings.model_validate(configured(22, **more))
    assert "secret" not in str(raised.value).replace("_secret", "")


def test_one_language_needs_no_place_in_the_name() -> None:
    told = configured(22, file_name="{slug}.xml", languages=["ru"])
    assert Sftp.Settings.model_validate(told).template == "{slug}.xml"


async def test_openssh_takes_files_directories_and_corrections(openssh: tuple[Drop, dict[str, Any]]) -> None:
    drop, settings = openssh
    async with channel(settings | {"directory": "wire/{language}", "formats": ["ninjs", "html"]}) as sftp:
        assert "wire" in await sftp.check()
        assert not drop.names()
        await asyncio.gather(*(sftp.send(story(slug=f"item-{n}"), KEY) for n in range(10)))
        await sftp.send(LARGE, KEY)
        for version in (2, 3):
            await sftp.send(story(version=version), KEY)
        await sftp.send(story(slug="item-1", pub_status="canceled"), KEY)
    names = {f"wire/ru/{slug}.ru" for slug in ("carbon-report", *(f"item-{n}" for n in range(10)))}
    gone = "wire/ru/item-1.ru.html"
    assert drop.names() == {f"{name}.{kind}" for name in names for kind in ("json", "html")} - {gone}
    assert json.loads(drop.bytes(f"wire/ru/{NAME}"))["version"] == "3"


async def test_openssh_without_posix_rename_takes_corrections(tmp_path: Path) -> None:
    with openssh_server(tmp_path, subsystem="-P posix-rename") as (drop, settings):
        async with channel(settings) as sftp:
            for version in (2, 3):
                await sftp.send(story(version=version), KEY)
        assert drop.names() == {NAME}
        assert json.loads(drop.bytes(NAME))["version"] == "3"


async def test_openssh_that_only_reads_is_denied(tmp_path: Path) -> None:
    with openssh_server(tmp_path, subsystem="-R") as (drop, settings):
        async with channel(settings) as sftp:
            for attempt in (lambda: sftp.send(STORY, KEY), sftp.check):
                with pytest.raises(Denied, match=r"[Pp]ermission denied"):
                    await attempt()
        assert not drop.names()


async def test_openssh_denies_another_key(openssh: tuple[Drop, dict[str, Any]], tmp_path: Path) -> None:
    _, settings = openssh
    other = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "other").write_bytes(other.export_private_key("openssh"))
    async with channel(settings | {"key": {"file": str(tmp_path / "other")}}) as sftp:
        with pytest.raises(Denied, match="does not let"):
            await sftp.check()


async def test_openssh_is_known_by_fingerprint(openssh: tuple[Drop, dict[str, Any]]) -> None:
    _, settings = openssh
    pinned = asyncssh.import_public_key(settings["host_key"]).get_fingerprint()
    async with channel(settings | {"host_key": pinned}) as sftp:
        assert await sftp.check()


async def test_openssh_that_goes_away_mid_transfer_is_unavailable(
    openssh: tuple[Drop, dict[str, Any]],
) -> None:
    drop, settings = openssh
    async with breaking_line(drop.port, after=300_000) as port, channel(settings | {"port": port}) as sftp:
        with pytest.raises(Unavailable, match="lost"):
            await sftp.send(LARGE, KEY)
        await asyncio.gather(*sftp.tidying)
    assert not drop.names()
