from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from distributor.errors import EngineAway, PairMissing, TranslationError
from distributor.translation.documents.align import Translation
from distributor.translation.engines.libretranslate import Busy, LibreTranslate, NotOffered

KEY = "8a7d-very-secret"
CLOSING = web.AppKey("closing", asyncio.Event)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def language(code: str, *targets: str) -> dict[str, Any]:
    return {"code": code, "name": code.upper(), "targets": list(targets)}


@dataclass
class Server:
    """LibreTranslate's API, documented at docs.libretranslate.com; it knows upper case only."""

    url: str = ""
    languages: Any = field(default_factory=lambda: [language("en", "en", "ru"), language("ru", "en", "ru")])
    key: str = ""
    batch_limit: int = 1000
    char_limit: int = 100_000
    each: bool = True
    """Whether the limit of characters is one for each text, as today, or for all, as before."""
    answers: list[web.StreamResponse | Answer] = field(default_factory=list)
    """Given before all else to /translate."""
    got: list[dict[str, Any]] = field(default_factory=list)
    asked_languages: int = 0

    async def list_languages(self, request: web.Request) -> web.StreamResponse:
        self.asked_languages += 1
        return web.json_response(self.languages)

    async def translate(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.got.append(asked)
        if self.answers:
            answer = self.answers.pop(0)
            return answer if isinstance(answer, web.StreamResponse) else await answer(request)
        if self.key and asked.get("api_key") != self.key:
            return error(403 if "api_key" in asked else 400, "Invalid API key")
        texts: list[str] = asked["q"]
        lengths = [len(text) for text in texts]
        sizes = [(len(texts), self.batch_limit)]
        sizes += [(n, self.char_limit) for n in (lengths if self.each else [sum(lengths)])]
        for size, limit in sizes:
            if size > limit:
                return error(400, f"Invalid request: request ({size}) exceeds text limit ({limit})")
        return web.json_response({"translatedText": [text.strip().upper() for text in texts]})

    @property
    def batches(self) -> list[int]:
        return [len(asked["q"]) for asked in self.got]


def error(status: int, said: str, **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response({"error": said}, status=status, headers=named)


def slow_down(retry_after: str = "") -> web.Response:
    return error(429, "Slowdown: 20 per 1 minute", **({"Retry_After": retry_after} if retry_after else {}))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    served = Server()
    app = web.Application(client_max_size=10_000_000)
    app[CLOSING] = asyncio.Event()
    app.router.add_get("/lt/languages", served.list_languages)
    app.router.add_post("/lt/translate", served.translate)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = "http://{}:{}/lt/".format(*runner.addresses[0][:2])
    yield served
    app[CLOSING].set()
    await runner.cleanup()


class Time:
    """Passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@asynccontextmanager
async def opened(server: Server, time: Time, **more: Any) -> AsyncIterator[LibreTranslate]:
    given = {"allow_private": True, "timeout": 5.0, "sleep": time.sleep, "now": lambda: time.now} | more
    async with LibreTranslate(server.url, **given) as client:
        yield client


@pytest.fixture
async def client(server: Server, time: Time) -> AsyncIterator[LibreTranslate]:
    async with opened(server, time, api_key=SecretStr(KEY)) as made:
        yield made


async def texts(
    client: LibreTranslate, sentences: Sequence[str], source: str = "en", target: str = "ru"
) -> list[str]:
    return [t.text for t in await client.translate(sentences, source, target)]


# --- what is sent and what comes back ---------------------------------------------------------------------


async def test_sentences_come_back_in_order_and_the_same_one_is_sent_once(
    client: LibreTranslate, server: Server
) -> None:
    got = await client.translate(["b", "a", "b", " ", "", "\u2028", "ü"], "en", "ru")
    assert got == [Translation(t) for t in ("B", "A", "B", " ", "", "\u2028", "Ü")]
    assert server.got == [
        {"q": ["b", "a", "ü"], "source": "en", "target": "ru", "format": "text", "api_key": KEY}
    ]


async def test_nothing_to_translate_asks_for_nothing(client: LibreTranslate, server: Server) -> None:
    assert await client.translate([], "en", "ru") == []
    assert await texts(client, [" "]) == [" "]
    assert server.got == []


async def test_without_a_key_none_is_sent(server: Server, time: Time) -> None:
    async with opened(server, time) as client:
        await texts(client, ["a"])
    assert "api_key" not in server.got[0]


# --- languages --------------------------------------------------------------------------------------------

OLD = [language("en", "pb", "zh", "zt"), language("pb", "en"), language("pt", "en"), language("zh", "en")]
NEW = [language("en", "pt-BR", "zh-Hans", "zh-Hant"), language("pt-BR", "en"), language("zh-Hans", "en")]
OTHERS = [language("zt"), language("zh-Hant")]


@pytest.mark.parametrize(
    ("languages", "source", "target", "codes"),
    [
        (OLD + OTHERS, "en", "zh-Hant", ("en", "zt")),
        (OLD + OTHERS, "en-GB", "zh-TW", ("en", "zt")),
        (OLD + OTHERS, "en", "zh", ("en", "zh")),
        (OLD + OTHERS, "en", "pt-BR", ("en", "pb")),
        (OLD + OTHERS, "en", "pt-PT", ("en", "pb")),
        (OLD + OTHERS, "pt-PT", "en", ("pt", "en")),
        (NEW + OTHERS, "en", "zh-Hant", ("en", "zh-Hant")),
        (NEW + OTHERS, "en", "zh-CN", ("en", "zh-Hans")),
        (NEW + OTHERS, "en", "pt-BR", ("en", "pt-BR")),
        (NEW + OTHERS, "pt", "en-US", ("pt-BR", "en")),
        ([language("en", "nb"), language("nb")], "en", "no", ("en", "nb")),
        ([{"code": "en", "name": "English"}, {"code": "ru", "name": "Russian"}], "en", "ru", ("en", "ru")),
    ],
)
async def test_a_tag_becomes_the_code_of_this_very_server(
    client: LibreTranslate, server: Server, languages: Any, source: str, target: str, codes: tuple[str, str]
) -> None:
    server.languages = languages
    await texts(client, ["a"], source, target)
    assert [(asked["source"], asked["target"]) for asked in server.got] == [codes]


@pytest.mark.parametrize(("source", "target"), [("en", "fr"), ("fr", "en"), ("en", "en"), ("en", "no tag")])
async def test_a_pair_that_the_server_has_not(
    client: LibreTranslate, server: Server, source: str, target: str
) -> None:
    with pytest.raises(
        PairMissing, match=rf"127\.0\.0\.1:\d+ has no model for {source} → {target}"
    ) as raised:
        await texts(client, ["a"], source, target)
    assert type(raised.value) is NotOffered
    assert (raised.value.source, raised.value.target) == (source, target)
    assert server.got == []


async def test_pairs_are_tags_and_are_asked_for_anew_after_some_minutes(
    client: LibreTranslate, server: Server, time: Time
) -> None:
    server.languages = [language("en", "en", "pb", "zt", "xx-unknown"), language("pb", "en"), language("zt")]
    server.languages.append(language("a strange one", "en"))
    wanted = {("en", "pt-BR"), ("en", "zh-Hant"), ("pt-BR", "en")}
    assert [await client.pairs() for _ in range(3)] == [wanted] * 3
    assert server.asked_languages == 1
    await time.sleep(300)
    server.languages = [language("en", "ru"), language("ru")]
    assert await client.pairs() == {("en", "ru")}
    assert server.asked_languages == 2


async def test_check_says_who_answers(client: LibreTranslate, server: Server) -> None:
    assert await client.check() == f"LibreTranslate at {client.host}: 2 languages"
    server.languages = [language("en")]
    assert (await client.check()).endswith(": 1 language")
    assert client.host in server.url


# --- how much at once -------------------------------------------------------------------------------------

MANY = [f"sentence {i:03}" for i in range(120)]  # of 12 characters
UPPER = [sentence.upper() for sentence in MANY]


async def test_a_request_is_bounded_in_sentences_and_characters(
    client: LibreTranslate, server: Server
) -> None:
    assert await texts(client, MANY) == UPPER
    assert server.batches == [50, 50, 20]
    client._characters = 100
    server.got.clear()
    assert await texts(client, ["x" * 200, *MANY[:10], "y" * 95]) == ["X" * 200, *UPPER[:10], "Y" * 95]
    assert server.batches == [1, 8, 2, 1]


async def test_a_limit_of_the_server_is_learnt_once(client: LibreTranslate, server: Server) -> None:
    server.batch_limit = 30
    assert await texts(client, MANY) == UPPER
    assert await texts(client, MANY) == UPPER
    assert server.batches == [50] + [30] * 4 + [30] * 4


async def test_a_limit_for_all_characters_together_is_learnt(client: LibreTranslate, server: Server) -> None:
    server.char_limit, server.each = 250, False
    assert await texts(client, MANY) == UPPER
    assert server.batches == [50] + [20] * 6


@pytest.mark.parametrize("each", [True, False])
async def test_a_sentence_that_is_too_long_alone_is_said(
    client: LibreTranslate, server: Server, each: bool
) -> None:
    server.char_limit, server.each = 20, each
    with pytest.raises(
        TranslationError, match=r"of 21 characters is too long .*\(21\) exceeds .*--char-limit"
    ):
        await texts(client, ["short", "x" * 21, "short, too"])


async def test_a_limit_that_makes_no_sense_does_not_go_round_and_round(
    client: LibreTranslate, server: Server
) -> None:
    server.answers = [error(400, f"request ({n}) exceeds text limit (99999999999999)") for n in (3, 7, 1)]
    with pytest.raises(TranslationError, match="too long"):
        await texts(client, ["a", "bb", "ccc"])
    assert server.batches == [3, 2, 1]


# --- 429 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "slept"),
    [
        ([slow_down("7")], [7.0]),
        ([slow_down("Thu, 01 Jan 2026 00:00:30 GMT")], [30.0]),
        ([slow_down("0")], [1.0]),
        ([slow_down() for _ in range(3)], [5.0, 15.0, 45.0]),
        ([slow_down("soon"), slow_down("90")], [5.0, 90.0]),
    ],
)
async def test_a_pause_that_the_server_wants_is_made(
    client: LibreTranslate, server: Server, time: Time, answers: list[web.Response], slept: list[float]
) -> None:
    server.answers = [web.Response(status=a.status, body=a.body, headers=a.headers) for a in answers]
    assert await texts(client, ["a"]) == ["A"]
    assert time.slept == slept


async def test_patience_ends(client: LibreTranslate, server: Server, time: Time) -> None:
    server.answers = [slow_down("2") for _ in range(9)]
    with pytest.raises(Busy, match=r"127\.0\.0\.1.*20 per 1 minute.*2 s.*smaller batches, or get a key"):
        await texts(client, ["a"])
    assert (time.slept, len(server.got)) == ([2.0] * 3, 4)


async def test_who_wants_an_hour_is_left_alone(client: LibreTranslate, server: Server, time: Time) -> None:
    server.answers = [slow_down("3600")]
    with pytest.raises(Busy) as raised:
        await texts(client, ["a"])
    assert raised.value.retry_after == timedelta(hours=1)
    assert (time.slept, len(server.got)) == ([], 1)


# --- failures ---------------------------------------------------------------------------------------------


async def endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    try:
        await answer.write(b'{"translatedText": ["')
        while True:
            await answer.write(b"x" * 100_000)
    except ConnectionError:
        return answer


async def hang(request: web.Request) -> web.StreamResponse:
    await request.app[CLOSING].wait()
    return web.Response()


async def cut_off(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b"{")
    assert request.transport is not None
    request.transport.abort()
    return answer


def says(raw: str, status: int = 200, **headers: str) -> web.Response:
    return web.Response(status=status, text=raw, headers=headers)


PAGE = "<html><h1>Welcome</h1></html>"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            lambda: error(500, "Cannot translate text: oh"), r"500 \(Cannot .*oh\); its log", id="500"
        ),
        pytest.param(lambda: says(PAGE, 502), r"502 \(<html>", id="502"),
        pytest.param(lambda: error(403, "Invalid API key"), r"403 \(Invalid.*is the key right", id="403"),
        pytest.param(lambda: error(400, "fr is not supported"), r"400 \(fr is not supported\)", id="400"),
        pytest.param(lambda: says(PAGE, 404), "404.*is it the address of a LibreTranslate", id="404"),
        pytest.param(lambda: says("", 308, Location="https://x.example/"), "308.*redirects", id="redirect"),
        pytest.param(lambda: says('{"translatedText": ["A"]}'), "1 translations of 2 sentences", id="short"),
        pytest.param(lambda: says('{"translatedText": "A"}'), "another JSON than", id="string"),
        pytest.param(lambda: says('{"translatedText": ["A", 1]}'), "another JSON than", id="number"),
        pytest.param(lambda: says('{"translatedText": ["A", null]}'), "another JSON than", id="null"),
        pytest.param(lambda: says("[]"), "another JSON than", id="list"),
        pytest.param(lambda: says(PAGE), "no JSON; is it the address", id="html"),
        pytest.param(lambda: says('{"translatedText": ["A", "B'), "no JSON", id="half"),
        pytest.param(lambda: says('{"translatedText": ["A", "\\ud800"]}'), "no JSON", id="surrogate"),
        pytest.param(lambda: says("[" * 100_000), "no JSON", id="deep"),
        pytest.param(lambda: endless, "more than 8,388,608 bytes", id="endless"),
        pytest.param(lambda: cut_off, "no complete answer.*ClientPayloadError", id="cut off"),
    ],
)
async def test_every_failure_names_the_host_and_the_mend_and_says_whether_it_may_pass(
    client: LibreTranslate,
    server: Server,
    request: pytest.FixtureRequest,
    answer: Callable[[], web.StreamResponse | Answer],
    said: str,
) -> None:
    server.answers = [answer()]
    with pytest.raises(TranslationError, match=said) as raised:
        await texts(client, ["a", "b"])
    passes = request.node.callspec.id in ("500", "502", "cut off")
    assert type(raised.value) is (EngineAway if passes else TranslationError)
    assert client.host in str(raised.value)
    assert len(server.got) == 1
    assert await texts(client, ["a", "b"]) == ["A", "B"]


async def test_a_server_that_hangs(server: Server, time: Time) -> None:
    server.answers = [hang]
    async with opened(server, time, timeout=0.3) as client:
        with pytest.raises(TranslationError, match=r"from 127\.0\.0\.1:\d+ within 0\.3 s"):
            await texts(client, ["a"])


async def test_a_server_that_is_down(server: Server, time: Time, unused_tcp_port: int) -> None:
    server.url = f"http://127.0.0.1:{unused_tcp_port}"
    async with opened(server, time) as client:
        with pytest.raises(TranslationError, match=r"no connection .*does LibreTranslate run there"):
            await client.check()


async def test_a_private_address_has_to_be_allowed(server: Server, time: Time) -> None:
    async with opened(server, time, allow_private=False) as client:
        with pytest.raises(TranslationError, match="allow_private = true permits it"):
            await client.pairs()
    assert server.asked_languages == 0


@pytest.mark.parametrize("languages", [PAGE, {"error": "no"}, [{"name": "English"}], [{"code": 1}], [1]])
async def test_what_is_no_libretranslate(client: LibreTranslate, server: Server, languages: Any) -> None:
    server.languages = languages
    with pytest.raises(TranslationError, match="another JSON than LibreTranslate's"):
        await client.check()


@pytest.mark.parametrize("url", ["", "127.0.0.1:5000", "ftp://h/", "http://", "http://[", "https://u:pw@[/"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(TranslationError, match="write http://HOST:5000") as raised:
        LibreTranslate(url)
    assert "pw" not in str(raised.value)


async def test_half_a_character_cannot_be_sent(client: LibreTranslate, server: Server) -> None:
    with pytest.raises(TranslationError, match="surrogate"):
        await texts(client, ["a\ud83d"])
    assert server.got == []


# --- the key ----------------------------------------------------------------------------------------------


async def test_the_key_is_shown_to_nobody_else(
    client: LibreTranslate, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers = [error(403, f"Invalid API key {KEY}"), says(json.dumps({"api_key": KEY}))]
    server.answers += [error(400, f"request of {KEY} (9) exceeds text limit (1)")]
    for _ in range(3):
        with pytest.raises(TranslationError) as raised:
            await texts(client, ["a"])
        chain = [raised.value, raised.value.__cause__, raised.value.__context__]
        assert KEY not in " ".join(f"{e} {e!r}" for e in chain if not _hidden(raised.value, e))
    assert KEY not in caplog.text
    assert KEY not in f"{client!r} {vars(client)}"


def _hidden(shown: BaseException, error: BaseException | None) -> bool:
    """Whether a traceback leaves `error` out."""
    return error is shown.__context__ and error is not shown.__cause__ and shown.__suppress_context__


@pytest.mark.parametrize(("key", "said"), [(None, "does it want a key"), ("wrong", "is the key right")])
async def test_a_key_that_is_missing_or_wrong(server: Server, time: Time, key: str | None, said: str) -> None:
    server.key = KEY
    async with opened(server, time, api_key=SecretStr(key) if key else None) as client:
        with pytest.raises(TranslationError, match=said):
            await texts(client, ["a"])
