"""Argos packages from their index or from a file into a folder of ours."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from distributor.errors import TranslationError
from distributor.translation.engines import archive
from distributor.translation.engines.codes import to_argos, to_bcp47
from distributor.translation.engines.packages import Installed, Packages, argos, newest

Pair = tuple[str, str]
"""From, to; BCP 47."""
Progress = Callable[[str, int, int | None], None]
"""What is downloaded, how many bytes of it are here, of how many if that is known."""

_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
_BY_HAND = "download the .argosmodel file elsewhere and give its path: distributor models install FILE"


class DownloadFailed(TranslationError):
    """The index or a package cannot be had from the network; the text says what to do instead."""


@dataclass(frozen=True, slots=True)
class Available:
    """A package that the index offers; `source` and `target` are BCP 47."""

    source: str
    target: str
    name: str
    version: str
    links: tuple[str, ...]


def wishes(words: Sequence[str]) -> list[Pair | Path]:
    """What `models install` was asked for: files, or languages, of which the first is the source of all
    others. Raises: TranslationError."""
    files = [Path(w) for w in words if w.endswith(".argosmodel")]
    languages = [w for w in words if not w.endswith(".argosmodel")]
    if len(languages) == 1 or not words:
        raise TranslationError("name two languages or more, the first being that of the originals, or a file")
    return [*files, *((languages[0], target) for target in languages[1:])]


async def available(index: str | None = None) -> list[Available]:
    """What the Argos index offers, or the one at the address `index`. Raises: DownloadFailed."""
    address = index or _default_index()
    try:
        async with _session() as http, http.get(address) as answer:
            answer.raise_for_status()
            entries = json.loads(await answer.read())
            return [_available(entry) for entry in entries if entry.get("type", "translate") == "translate"]
    except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise DownloadFailed(f"no index at {address} ({_said(e)}); {_BY_HAND}") from e


async def install(
    wish: Pair | Path, folder: Path, progress: Progress, index: str | None = None
) -> list[Installed]:
    """The package of a file; or what leads from one language to the other: one package, or two over English
    where there is no direct one. What is there in the newest version is not loaded again.

    Raises: BadPackage, DownloadFailed.
    """
    if isinstance(wish, Path):
        return [_installed(await asyncio.to_thread(archive.unpack, wish, folder))]
    offers = choose(await available(index), *wish)
    if not offers:
        raise DownloadFailed(f"the index has no package for {wish[0]} → {wish[1]}, nor two over English")
    return [await _install(offer, folder, progress) for offer in offers]


def choose(offers: Sequence[Available], source: str, target: str) -> list[Available]:
    """The newest direct package, or two over English, or none."""
    if direct := _newest(offers, source, target):
        return [direct]
    over = _newest(offers, source, "en"), _newest(offers, "en", target)
    return [offer for offer in over if offer] if all(over) else []


async def _install(offer: Available, folder: Path, progress: Progress) -> Installed:
    for known in Packages([folder]).pairs():
        if (known.source, known.target, known.version) == (offer.source, offer.target, offer.version):
            return known
    part = await _download(offer, folder, progress)
    package = await asyncio.to_thread(archive.unpack, part.path, folder)
    part.remove()
    return _installed(package)


async def _download(offer: Available, folder: Path, progress: Progress) -> _Part:
    failures = []
    async with _session() as http:
        for link in offer.links:
            part = _Part(folder, link)
            try:
                await _fetch(http, link, part, lambda done, total: progress(offer.name, done, total))
            except (aiohttp.ClientError, OSError) as e:
                failures.append(f"{link}: {_said(e)}")
            else:
                return part
    raise DownloadFailed(
        f"{offer.name} cannot be downloaded ({'; '.join(failures) or 'no address'}); {_BY_HAND}"
    )


async def _fetch(
    http: aiohttp.ClientSession, link: str, part: _Part, report: Callable[[int, int | None], None]
) -> None:
    async with http.get(link, headers=part.wish()) as answer:
        if answer.status == 416 and answer.headers.get("Content-Range") == f"bytes */{part.size()}":
            return
        answer.raise_for_status()
        part.begin(resumed=answer.status == 206, tag=answer.headers.get("ETag", ""))
        total = answer.content_length and answer.content_length + part.size()
        async for chunk in answer.content.iter_chunked(2**18):
            part.add(chunk)
            report(part.size(), total)


class _Part:
    """A download that goes on where it was cut off, if what is at the address is still the same."""

    def __init__(self, folder: Path, link: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(link.encode()).hexdigest()[:16]
        self.path = folder / f".download-{name}.argosmodel"
        self.tag = folder / f".download-{name}.etag"

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def wish(self) -> dict[str, str]:
        """RFC 9110 §13.1.5: the rest if unchanged, else all of it."""
        tag = self.tag.read_text("utf-8") if self.tag.exists() else ""
        if not (self.size() and tag) or tag.startswith("W/"):
            return {}
        return {"Range": f"bytes={self.size()}-", "If-Range": tag}

    def begin(self, *, resumed: bool, tag: str) -> None:
        self.tag.write_text(tag, "utf-8")
        if not resumed:
            self.path.write_bytes(b"")

    def add(self, chunk: bytes) -> None:
        with self.path.open("ab") as out:
            out.write(chunk)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True, auto_decompress=True)


def _default_index() -> str:
    address: str = argos().settings.remote_package_index
    return address


def _available(entry: dict[str, Any]) -> Available:
    source, target = to_bcp47(entry["from_code"]), to_bcp47(entry["to_code"])
    name = f"{entry.get('from_name') or source} → {entry.get('to_name') or target}"
    links = tuple(link for link in entry.get("links", ()) if link.startswith(("https://", "http://")))
    return Available(source, target, name, str(entry.get("package_version", "")), links)


def _newest(offers: Sequence[Available], source: str, target: str) -> Available | None:
    starts = [to_bcp47(code) for code in to_argos(source)]
    ends = [to_bcp47(code) for code in to_argos(target)]
    fitting = [o for o in offers if o.source in starts and o.target in ends]
    return min(
        fitting,
        key=lambda o: (starts.index(o.source) + ends.index(o.target), newest(o.version)),
        default=None,
    )


def _installed(package: Path) -> Installed:
    return next(p for p in Packages([package.parent]).pairs() if p.path == package)


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
