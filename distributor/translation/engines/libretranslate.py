"""A LibreTranslate that runs somewhere, by its public API: https://docs.libretranslate.com

* TranslationError
  + EngineAway         it does not answer, or with 5xx
    + Busy             429 once too often
  + PairMissing
    + NotOffered       the mend is at the server
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NoReturn, Self, TypeVar

import aiohttp
import orjson
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_exponential
from yarl import URL

from channels.answers import tidy, wish
from channels.net import connector, kept_away
from distributor import clock
from distributor.errors import EngineAway, PairMissing, TranslationError
from distributor.links import shown
from distributor.translation.documents.align import Translation
from distributor.translation.engines.codes import to_argos, to_bcp47

CHARACTERS = 5000
"""In one request, unless a sentence alone has more; a server may allow fewer, and says so."""
BODY_LIMIT = 2**23
"""Bytes of an answer."""
SAID_LIMIT = 2048
"""Bytes of an error that are read."""
FRESH = timedelta(minutes=5)
"""So long what a server offers is not asked anew."""
TRIES = 4
LONGEST_WAIT = timedelta(seconds=90)
"""More than the minute over which LibreTranslate counts requests."""

_SIZES = re.compile(r"\((\d+)\)[^()]*\((\d+)\)")
"""In "request (70) exceeds text limit (50)", which is said of sentences and of characters alike."""
_PAUSES = wait_exponential(multiplier=5, exp_base=3, max=60)

Sleep = Callable[[float], Awaitable[None]]
Codes = tuple[str, str]
T = TypeVar("T")


class Busy(EngineAway):
    """Too many requests; `retry_after`: the server's own wish, if it named one."""

    def __init__(self, reason: str, retry_after: timedelta | None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class NotOffered(PairMissing):
    """The server has no model from `source` to `target`."""

    def __init__(self, source: str, target: str, host: str) -> None:
        super().__init__(source, target)
        self.args = (
            f"the LibreTranslate at {host} has no model for {source} → {target}; install one there, "
            "or start it without --load-only",
        )


class _TooMuch(Exception):
    """`size` and `limit` in sentences or in characters."""

    def __init__(self, size: int, limit: int, said: str) -> None:
        super().__init__(said)
        self.size, self.limit = size, limit


class _Language(BaseModel):
    code: str
    targets: list[str] | None = None
    """None from servers that do not say it yet: every other language."""


class _Answer(BaseModel):
    translatedText: list[str]


class _Fault(BaseModel):
    error: str


_LANGUAGES, _ANSWER, _FAULT = TypeAdapter(list[_Language]), TypeAdapter(_Answer), TypeAdapter(_Fault)


class LibreTranslate:
    """`url`, `api_key`; opened and closed as an async context.

    `timeout`: seconds for one request. `batch`: sentences in one; a server that counts each of them as a
    request wants no more than it allows in a minute. Raises: TranslationError, if `url` is no address.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: SecretStr | None = None,
        allow_private: bool = False,
        timeout: float = 60.0,
        batch: int = 50,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._url = _address(url)
        self.host = self._url.host_port_subcomponent or ""
        self._key = api_key or SecretStr("")
        self._allow_private, self._timeout = allow_private, timeout
        self._batch, self._characters = max(1, batch), CHARACTERS
        self._sleep, self._now = sleep, now
        self._offered: dict[Codes, Codes] = {}
        self._offered_until: datetime | None = None
        self._count = 0
        self._http: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            connector=connector(allow_private=self._allow_private, limit=4),
            timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=self._timeout / 2),
            headers={
                "User-Agent": "distributor",
                "Accept": "application/json",
                "Accept-Language": "en",  # LibreTranslate translates its errors, too
                "Accept-Encoding": "identity",  # and nothing is unpacked: it could be a bomb
            },
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.close()

    async def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translation]:
        """Each sentence in `target` (both are BCP 47), in the same order; the same sentence is sent once.

        Nobody knows what came from where: there are no ties. Raises: NotOffered, Busy, TranslationError.
        """
        codes = await self._codes(source, target)
        todo = [sentence for sentence in dict.fromkeys(sentences) if sentence.strip()]
        done = {sentence: sentence for sentence in sentences}
        while todo:
            some = self._bite(todo)
            try:
                done |= zip(some, await self._patiently(some, codes), strict=True)
            except _TooMuch as e:
                self._learn(e, some)
            else:
                todo = todo[len(some) :]
        return [Translation(done[sentence]) for sentence in sentences]

    async def pairs(self) -> set[tuple[str, str]]:
        """What the server offers, BCP 47; asked anew after some minutes. Raises: TranslationError."""
        return {(to_bcp47(source), to_bcp47(target)) for source, target in await self._offers()}

    async def check(self) -> str:
        """`LibreTranslate at HOST: 12 languages`; the key is not looked at. Raises: TranslationError."""
        self._offered_until = None
        await self._offers()
        return f"LibreTranslate at {self.host}: {self._count} language{'s' if self._count != 1 else ''}"

    # --- what there is ------------------------------------------------------------------------------------

    async def _offers(self) -> dict[Codes, Codes]:
        """The server's codes of each pair, and the same two languages as Argos calls them."""
        if self._offered_until is None or self._now() >= self._offered_until:
            languages = self._understood(_LANGUAGES, await self._asked("GET", "languages"))
            self._offered, self._count = _offered(languages), len(languages)
            self._offered_until = self._now() + FRESH
        return self._offered

    async def _codes(self, source: str, target: str) -> Codes:
        """Raises: NotOffered."""
        starts, ends = to_argos(source), to_argos(target)
        fitting = {
            codes: starts.index(start) + ends.index(end)
            for codes, (start, end) in (await self._offers()).items()
            if start in starts and end in ends
        }
        if not fitting:
            raise NotOffered(source, target, self.host)
        return min(fitting, key=lambda codes: (fitting[codes], codes))

    # --- how much at once ---------------------------------------------------------------------------------

    def _bite(self, todo: Sequence[str]) -> list[str]:
        """As many from the start as go into one request, at least one."""
        length = 0
        for count, sentence in enumerate(todo[: self._batch]):
            length += len(sentence)
            if count and length > self._characters:
                return list(todo[:count])
        return list(todo[: self._batch])

    def _learn(self, error: _TooMuch, some: Sequence[str]) -> None:
        """The server's own limit, from its refusal of `some`. Raises: TranslationError, if nothing helps."""
        if len(some) == 1:
            raise TranslationError(
                f"a sentence of {len(some[0])} characters is too long for the LibreTranslate at {self.host}: "
                f"{error}; start it with a higher --char-limit"
            ) from error
        if error.size == len(some):
            self._batch = max(1, min(error.limit, len(some) - 1))
        else:
            fewer = sum(map(len, some)) - 1
            self._characters = max(1, min(error.limit, fewer))

    # --- requests -----------------------------------------------------------------------------------------

    async def _patiently(self, some: list[str], codes: Codes) -> list[str]:
        """A server that wants a pause gets it, as long as it is short. Raises: Busy, and as `_translated`."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(_worth_waiting),
            stop=stop_after_attempt(TRIES),
            wait=_pause,
            sleep=self._sleep,
            reraise=True,
        )
        translated: list[str] = await retrying(self._translated, some, codes)
        return translated

    async def _translated(self, some: list[str], codes: Codes) -> list[str]:
        """One request. Raises: _TooMuch, Busy, TranslationError."""
        asked = {"q": some, "source": codes[0], "target": codes[1], "format": "text"}
        try:
            body = orjson.dumps(asked | ({"api_key": key} if (key := self._key.get_secret_value()) else {}))
        except TypeError as e:
            raise TranslationError("the text cannot be sent: it holds half a character (a surrogate)") from e
        texts = self._understood(_ANSWER, await self._asked("POST", "translate", body)).translatedText
        if len(texts) != len(some):
            raise TranslationError(f"{self.host} gave {len(texts)} translations of {len(some)} sentences")
        return texts

    async def _asked(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The body of a 200. Raises: _TooMuch, Busy, TranslationError."""
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            async with self._http.request(
                method, self._url / path, data=body, headers=headers, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    self._refuse(answer, self._said(await _start(answer, SAID_LIMIT)))
                whole = await _start(answer, BODY_LIMIT + 1)
        except (aiohttp.ClientError, TimeoutError) as e:
            mendable = isinstance(
                e, aiohttp.ClientConnectorSSLError | aiohttp.ClientConnectorCertificateError
            )
            kind = TranslationError if mendable or kept_away(e) else EngineAway
            raise kind(self._why(e)) from e
        if len(whole) > BODY_LIMIT:
            raise TranslationError(f"{self.host} answers with more than {BODY_LIMIT:,} bytes; {_IS_IT}")
        return whole

    def _understood(self, kind: TypeAdapter[T], body: bytes) -> T:
        try:
            return kind.validate_json(body)
        except ValidationError as e:
            first = e.errors(include_input=False, include_url=False)[0]
            what = "no JSON" if first["type"] == "json_invalid" else "another JSON than LibreTranslate's"
            raise TranslationError(
                f"{self.host} answers with {what}; {_IS_IT}"
            ) from None  # it quotes the answer

    def _said(self, body: bytes) -> str:
        """The server's words, one line, without the key if it repeats it."""
        try:
            said = _FAULT.validate_json(body).error
        except ValidationError:
            said = body.decode("utf-8", "replace")
        key = self._key.get_secret_value()
        return tidy(said.replace(key, "[key]") if key else said)

    def _refuse(self, answer: aiohttp.ClientResponse, said: str) -> NoReturn:
        """Raises: _TooMuch, Busy, TranslationError."""
        told = f"the LibreTranslate at {self.host} answers HTTP {answer.status} ({said})"
        match answer.status:
            case 400 if sizes := _SIZES.search(said):
                raise _TooMuch(int(sizes[1][:9]), int(sizes[2][:9]), said)
            case 429:
                retry_after = wish(answer.headers.get("Retry-After"), self._now())
                wait = f"not before {retry_after.total_seconds():g} s have passed" if retry_after else "later"
                raise Busy(f"{told}; try {wait}, send smaller batches, or get a key", retry_after)
            case 400 | 401 | 403:
                mend = "is the key right?" if self._key else "does it want a key?"
                raise TranslationError(f"{told}; {mend}")
            case 404 | 405:
                raise TranslationError(f"{told}; {_IS_IT}")
            case status if 300 <= status < 400:
                raise TranslationError(f"{told}; write the address that it redirects to")
        raise EngineAway(f"{told}; its log may say more")

    def _why(self, error: Exception) -> str:
        """What it means that no answer came, with the mend."""
        match error:
            case aiohttp.ClientConnectorDNSError():
                return f"the LibreTranslate at {self.host} cannot be found: the name does not resolve"
            case aiohttp.ClientConnectorCertificateError():
                return tidy(f"{self.host} has a bad certificate: {error.certificate_error}")
            case aiohttp.ClientConnectorSSLError():
                return tidy(f"no TLS with {self.host}: {error.os_error}; does it speak http, not https?")
            case aiohttp.ClientConnectorError() if kept_away(error):
                return f"{self.host} is a private address; allow_private = true permits it"
            case aiohttp.ClientConnectorError():
                return tidy(f"no connection to {self.host}: {error.os_error}; does LibreTranslate run there?")
            case aiohttp.ConnectionTimeoutError():
                return f"no connection to {self.host} in time; does LibreTranslate run there?"
            case TimeoutError():
                return f"no complete answer from {self.host} within {self._timeout:g} s; is it overloaded?"
        return f"no complete answer from {self.host}: {type(error).__name__}"


_IS_IT = "is it the address of a LibreTranslate?"


def _address(url: str) -> URL:
    """Raises: TranslationError."""
    try:
        address = URL(url)
        if address.scheme in ("http", "https") and address.host:
            return address
    except ValueError:
        pass
    raise TranslationError(f"{shown(url)!r} is no address of a LibreTranslate; write http://HOST:5000")


def _offered(languages: Sequence[_Language]) -> dict[Codes, Codes]:
    """Codes as the server writes them (`zt`, today `zh-Hant`), and as Argos does; none into itself."""
    argos = {language.code: to_argos(to_bcp47(language.code))[:1] for language in languages}
    return {
        (language.code, target): (argos[language.code][0], argos[target][0])
        for language in languages
        for target in (argos if language.targets is None else language.targets)
        if target != language.code and argos[language.code] and argos.get(target)
    }


def _pause(state: RetryCallState) -> float:
    """Seconds."""
    error = state.outcome.exception() if state.outcome else None
    wanted = error.retry_after if isinstance(error, Busy) else None
    return float(_PAUSES(state)) if wanted is None else max(1.0, wanted.total_seconds())


def _worth_waiting(error: BaseException) -> bool:
    return isinstance(error, Busy) and (error.retry_after or timedelta()) <= LONGEST_WAIT


async def _start(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The body, but no more than `most` bytes."""
    body = bytearray()
    while len(body) < most and (chunk := await answer.content.read(most - len(body))):
        body += chunk
    return bytes(body)
