from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tiny_packages import pack, write_package

from distributor.errors import TranslationError
from distributor.translation.engines import models
from distributor.translation.engines.models import Available, DownloadFailed, choose
from distributor.translation.engines.packages import Packages


@dataclass
class Index:
    """A server of packages: what it was asked for, and after how many bytes it hangs up."""

    folder: Path
    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    hang_up_after: int | None = None
    tag: str = '"v1"'

    async def index(self, request: web.Request) -> web.Response:
        entries = []
        for path in sorted(self.folder.glob("*.argosmodel")):
            source, target, version = path.stem.split("-")
            links = [f"ipfs://{path.name}", f"{self.address}/gone", f"{self.address}/{path.name}"]
            entries.append(
                {"from_code": source, "to_code": target, "package_version": version, "links": links}
            )
        return web.json_response([*entries, {"type": "sbd", "package_version": "1"}])

    async def package(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if not (self.folder / name).exists():
            raise web.HTTPNotFound
        self.asked.append((name, request.headers.get("Range", "")))
        whole = (self.folder / name).read_bytes()
        start = 0
        if request.headers.get("If-Range") == self.tag:
            start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if start == len(whole):
            return web.Response(status=416, headers={"Content-Range": f"bytes */{start}"})
        answer = web.StreamResponse(status=206 if start else 200, headers={"ETag": self.tag})
        answer.content_length = len(whole) - start
        await answer.prepare(request)
        if self.hang_up_after is not None:
            await answer.write(whole[start : start + self.hang_up_after])
            assert request.transport
            request.transport.close()
            return answer
        await answer.write(whole[start:])
        return answer


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    its = Index(tmp_path / "served")
    its.folder.mkdir()
    app = web.Application()
    app.router.add_get("/index.json", its.index)
    app.router.add_get("/{name}", its.package)
    async with TestServer(app) as server:
        its.address = str(server.make_url("")).rstrip("/")
        yield its


def offer(index: Index, source: str, target: str, version: str = "1.0") -> Path:
    package = write_package(index.folder.parent / "made", source, target, version=version)
    return pack(package, index.folder / f"{source}-{target}-{version}.argosmodel")


def unseen(name: str, done: int, total: int | None) -> None:
    pass


async def install(index: Index, folder: Path, source: str, target: str) -> list[str]:
    installed = await models.install((source, target), folder, unseen, f"{index.address}/index.json")
    return [f"{p.source}-{p.target}-{p.version}" for p in installed]


async def test_the_newest_package_of_a_pair_is_downloaded_and_installed(index: Index, tmp_path: Path) -> None:
    offer(index, "en", "ru", "1.9")
    offer(index, "en", "ru", "1.10")
    assert await install(index, tmp_path / "m", "en", "ru") == ["en-ru-1.10"]
    assert Packages([tmp_path / "m"]).can("en", "ru")
    assert [p.name for p in (tmp_path / "m").iterdir()] == ["translate-en_ru-1.10"]


async def test_progress_ends_at_the_size_of_the_file(index: Index, tmp_path: Path) -> None:
    size = offer(index, "en", "ru").stat().st_size
    seen: list[tuple[str, int, int | None]] = []
    await models.install(
        ("en", "ru"), tmp_path / "m", lambda *p: seen.append(p), f"{index.address}/index.json"
    )
    assert seen[-1] == ("en → ru", size, size)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


async def test_without_a_direct_package_both_over_english_are_installed(index: Index, tmp_path: Path) -> None:
    offer(index, "it", "en")
    offer(index, "en", "zh")
    assert await install(index, tmp_path / "m", "it", "zh-Hans") == ["it-en-1.0", "en-zh-Hans-1.0"]
    assert Packages([tmp_path / "m"]).can("it", "zh-Hans")


async def test_what_is_there_is_not_loaded_again(index: Index, tmp_path: Path) -> None:
    offer(index, "en", "ru")
    await install(index, tmp_path / "m", "en", "ru")
    index.asked.clear()
    assert await install(index, tmp_path / "m", "en", "ru") == ["en-ru-1.0"]
    assert index.asked == []


async def test_a_download_that_was_cut_off_goes_on_where_it_was(index: Index, tmp_path: Path) -> None:
    offer(index, "en", "ru")
    index.hang_up_after = 5000
    with pytest.raises(DownloadFailed):
        await install(index, tmp_path / "m", "en", "ru")
    assert not Packages([tmp_path / "m"]).pairs()
    index.hang_up_after = None
    assert await install(index, tmp_path / "m", "en", "ru") == ["en-ru-1.0"]
    assert index.asked[-1] == ("en-ru-1.0.argosmodel", "bytes=5000-")


async def test_a_file_that_changed_since_is_loaded_from_its_beginning(index: Index, tmp_path: Path) -> None:
    offer(index, "en", "ru")
    index.hang_up_after = 5000
    with pytest.raises(DownloadFailed):
        await install(index, tmp_path / "m", "en", "ru")
    index.hang_up_after, index.tag = None, '"v2"'
    assert await install(index, tmp_path / "m", "en", "ru") == ["en-ru-1.0"]


async def test_a_download_that_was_whole_but_never_unpacked_is_used(index: Index, tmp_path: Path) -> None:
    path = offer(index, "en", "ru")
    part = models._Part(tmp_path / "m", f"{index.address}/{path.name}")
    part.begin(resumed=False, tag=index.tag)
    part.add(path.read_bytes())
    assert await install(index, tmp_path / "m", "en", "ru") == ["en-ru-1.0"]


async def test_a_pair_that_nobody_has_is_said_so(index: Index, tmp_path: Path) -> None:
    offer(index, "en", "ru")
    with pytest.raises(DownloadFailed, match="no package for it → ja"):
        await install(index, tmp_path / "m", "it", "ja")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/index.json", "{index}/gone", "{index}/list"])
async def test_without_an_index_the_error_tells_what_to_do(
    index: Index, tmp_path: Path, address: str
) -> None:
    (index.folder / "list").write_text(json.dumps({"no": "list"}))
    with pytest.raises(DownloadFailed, match="distributor models install FILE"):
        await models.available(address.format(index=index.address))


async def test_a_file_is_installed_without_a_network(tmp_path: Path) -> None:
    path = pack(write_package(tmp_path / "made", "en", "ru"), tmp_path / "x.argosmodel")
    (installed,) = await models.install(path, tmp_path / "m", unseen)
    assert (installed.source, installed.target) == ("en", "ru")


async def test_the_index_is_listed_in_our_languages(index: Index) -> None:
    offer(index, "en", "zh")
    (package,) = await models.available(f"{index.address}/index.json")
    assert (package.source, package.target, package.version) == ("en", "zh-Hans", "1.0")
    assert all(link.startswith("http://") for link in package.links)


def test_the_command_line_names_pairs_from_the_first_language_and_files() -> None:
    assert models.wishes(["en", "ru"]) == [("en", "ru")]
    assert models.wishes(["en", "ru", "ja"]) == [("en", "ru"), ("en", "ja")]
    assert models.wishes(["a.argosmodel"]) == [Path("a.argosmodel")]
    for wrong in ([], ["en"]):
        with pytest.raises(TranslationError):
            models.wishes(wrong)


def test_the_closest_and_newest_offer_is_chosen() -> None:
    offers = [Available("en", t, "", v, ()) for t, v in [("pt", "3.0"), ("pt-BR", "1.2"), ("pt-BR", "1.10")]]
    assert [o.version for o in choose(offers, "en", "pt-BR")] == ["1.10"]
