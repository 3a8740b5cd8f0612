from __future__ import annotations

import asyncio
import errno
import json
import os
from pathlib import Path

import pytest
from channel_stories import HOSTILE, STORY, TEXTS, in_language, story
from hypothesis import given
from pydantic import ValidationError

from channels.channel import Denied, Refused, Unavailable
from channels.filenames import file_name
from channels.folder import Folder, failure
from channels.formats import html, ninjs, text
from channels.story import IdempotencyKey

KEY = IdempotencyKey("d-1")


def folder(path: Path, *formats: str) -> Folder:
    given = {"type": "folder", "path": path} | ({"formats": formats} if formats else {})
    return Folder(Folder.Settings.model_validate(given))


def names(path: Path) -> set[str]:
    return {found.name for found in path.iterdir()}


async def test_each_format_is_a_file_named_after_story_and_language(tmp_path: Path) -> None:
    receipt = await folder(tmp_path, "ninjs", "html", "text").send(STORY, KEY)
    assert names(tmp_path) == {"carbon-report.ru.json", "carbon-report.ru.html", "carbon-report.ru.txt"}
    assert (tmp_path / "carbon-report.ru.json").read_bytes() == ninjs.encode(STORY)
    assert (tmp_path / "carbon-report.ru.html").read_bytes() == html.encode(STORY)
    assert (tmp_path / "carbon-report.ru.txt").read_text("utf-8") == text.encode(STORY)
    assert receipt.answer == str(tmp_path / "carbon-report.ru.json")
    assert receipt.url == (tmp_path / "carbon-report.ru.json").as_uri()


async def test_ninjs_and_html_are_written_unless_said_otherwise(tmp_path: Path) -> None:
    await folder(tmp_path).send(STORY, KEY)
    assert names(tmp_path) == {"carbon-report.ru.json", "carbon-report.ru.html"}


async def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    await folder(tmp_path / "out/jst").send(STORY, KEY)
    assert names(tmp_path / "out/jst")


async def test_the_next_version_takes_the_place_of_the_last(tmp_path: Path) -> None:
    await folder(tmp_path).send(STORY, KEY)
    await folder(tmp_path).send(story(version=3, headline="Новый"), IdempotencyKey("d-2"))
    assert names(tmp_path) == {"carbon-report.ru.json", "carbon-report.ru.html"}
    assert json.loads((tmp_path / "carbon-report.ru.json").read_bytes())["version"] == "3"


async def test_languages_stand_side_by_side(tmp_path: Path) -> None:
    for language in ("ja", "zh-Hans"):
        await folder(tmp_path, "ninjs").send(in_language(language), KEY)
    assert names(tmp_path) == {"carbon-report.ja.json", "carbon-report.zh-Hans.json"}


async def test_a_withdrawn_story_is_an_item_that_says_so_and_no_page(tmp_path: Path) -> None:
    await folder(tmp_path).send(STORY, KEY)
    await folder(tmp_path).send(story(version=3, pub_status="canceled"), IdempotencyKey("d-2"))
    assert names(tmp_path) == {"carbon-report.ru.json"}
    assert json.loads((tmp_path / "carbon-report.ru.json").read_bytes())["pubStatus"] == "canceled"


async def test_a_withdrawn_story_leaves_nothing_where_there_are_only_pages(tmp_path: Path) -> None:
    await folder(tmp_path, "html").send(STORY, KEY)
    withdrawn = story(version=3, pub_status="canceled")
    for attempt in range(2):
        assert (await folder(tmp_path, "html").send(withdrawn, KEY)).answer == f"removed from {tmp_path}", (
            attempt
        )
    assert not names(tmp_path)


async def test_readers_see_a_file_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await folder(tmp_path).send(STORY, KEY)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        await folder(tmp_path).send(story(version=3), IdempotencyKey("d-2"))
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


async def test_content_is_on_disk_before_its_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, move = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        done.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "content")
        sync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        done.append("name")
        return move(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    await folder(tmp_path).send(STORY, KEY)
    assert done == ["content", "name", "content", "name", "folder"]


async def test_many_at_the_same_time_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    channel = folder(tmp_path)
    await asyncio.gather(*(channel.send(STORY, KEY) for _ in range(20)))
    assert names(tmp_path) == {"carbon-report.ru.json", "carbon-report.ru.html"}
    assert (tmp_path / "carbon-report.ru.html").read_bytes() == html.encode(STORY)


async def test_a_path_that_is_no_folder_is_denied(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file/below"):
        with pytest.raises(Denied):
            await folder(path).send(STORY, KEY)
        with pytest.raises(Denied):
            await folder(path).check()


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, Unavailable),
        (errno.EDQUOT, Unavailable),
        (errno.EIO, Unavailable),
        (errno.EROFS, Unavailable),
        (errno.ENOENT, Unavailable),
        (errno.ESTALE, Unavailable),
        (errno.EACCES, Denied),
        (errno.EPERM, Denied),
        (errno.ENOTDIR, Denied),
        (errno.EISDIR, Denied),
        (errno.EEXIST, Denied),
    ],
)
def test_an_error_of_the_file_system_waits_or_wants_a_person(number: int, error: type[Exception]) -> None:
    said = failure(OSError(number, os.strerror(number), "/out/x"))
    assert type(said) is error
    assert str(said) == f"/out/x: {os.strerror(number)}"


async def test_text_that_utf_8_cannot_carry_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="utf-8"):
        await folder(tmp_path).send(HOSTILE["lone surrogate"], KEY)
    assert not names(tmp_path)


async def test_a_check_leaves_nothing(tmp_path: Path) -> None:
    assert await folder(tmp_path / "new").check() == f"{tmp_path / 'new'} can be written"
    assert not names(tmp_path / "new")


def test_a_good_slug_is_the_name() -> None:
    assert file_name(story(slug="ten-fronts_2.0", language="pt-BR"), "json") == "ten-fronts_2.0.pt-BR.json"


@given(TEXTS, TEXTS)
def test_any_slug_and_language_make_one_plain_name(slug: str, language: str) -> None:
    name = file_name(story(slug=slug, language=language), "json")
    assert name.isascii()
    assert name.isprintable()
    assert not name.startswith(".")
    assert not set(name) & set('/\\:*?"<>| ')
    assert ".." not in name
    assert len(name) <= 255


@given(TEXTS, TEXTS)
def test_two_slugs_never_share_a_name(one: str, other: str) -> None:
    assert (file_name(story(slug=one), "json") == file_name(story(slug=other), "json")) == (one == other)


@pytest.mark.parametrize("slugs", [("a/b", "a-b"), ("", "item"), ("x" * 300, "x" * 301), ("../a", "a")])
def test_slugs_that_look_alike_once_mended_stay_apart(slugs: tuple[str, str]) -> None:
    assert len({file_name(story(slug=slug), "json") for slug in slugs}) == 2


@pytest.mark.parametrize("formats", [[], ["pdf"]])
def test_a_folder_without_a_known_format_is_refused(tmp_path: Path, formats: list[str]) -> None:
    with pytest.raises(ValidationError):
        Folder.Settings.model_validate({"type": "folder", "path": tmp_path, "formats": formats})
