"""Which engine has a pair, and that what it says goes through the same pipeline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tiny_packages import write_package

from distributor.config import parse
from distributor.errors import PairMissing
from distributor.ledger.ledger import Ledger
from distributor.translation.engines.pairs import Engines
from distributor.translation.engines.setup import engines_of
from distributor.translation.interpreter import Interpreter


@pytest.fixture
async def server() -> AsyncIterator[str]:
    """A LibreTranslate that shouts."""

    async def languages(_: web.Request) -> web.Response:
        codes = ["en", "fr", "ru"]
        told = [{"code": c, "name": c, "targets": [t for t in codes if t != c]} for c in codes]
        return web.json_response(told)

    async def translate(request: web.Request) -> web.Response:
        return web.json_response({"translatedText": [q.upper() for q in (await request.json())["q"]]})

    app = web.Application()
    app.router.add_get("/languages", languages)
    app.router.add_post("/translate", translate)
    async with TestServer(app) as running:
        yield str(running.make_url("/"))


def engines(tmp_path: Path, url: str, **translation: Any) -> Engines:
    remote = {
        "engine": "libretranslate",
        "url": url,
        "source": "en",
        "targets": ["fr"],
        "allow_private": True,
    }
    write_package(tmp_path / "models", "en", "ru")
    told = {"packages": str(tmp_path / "models"), "isolate": False, "engines": [remote], **translation}
    return engines_of(parse({"translation": told}))


async def test_each_pair_has_its_engine(tmp_path: Path, server: str) -> None:
    ours = engines(tmp_path, server)
    assert (ours.can("en", "fr"), ours.can("en-GB", "fr-CA"), ours.can("en", "ru")) == (True, True, True)
    assert (ours.can("fr", "en"), ours.can("en", "ja")) == (False, False)
    assert ours.named("en", "fr").startswith("libretranslate 127.0.0.1:")
    assert ours.named("en", "ru") == "argos en_ru 1.0"
    with pytest.raises(PairMissing):
        ours.named("en", "ja")


async def test_what_it_says_is_judged_and_remembered_like_any_other(tmp_path: Path, server: str) -> None:
    async with engines(tmp_path, server) as ours, Ledger(f"sqlite+aiosqlite:///{tmp_path}/l.db") as ledger:
        interpreter = Interpreter(ledger, ours)
        said = await interpreter.interpret(["It rained for 5 days."], (), "en", "fr", 5)
        assert said["It rained for 5 days."].translation.text == "IT RAINED FOR 5 DAYS."
        assert said["It rained for 5 days."].doubts, "that is no French"
        assert (await ours.translate(["the cat sat"], "en", "ru"))[0].ties
