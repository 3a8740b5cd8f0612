"""A site that answers what a test scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """Pages by path on 127.0.0.1; keeps what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[web.Request] = []
        self.root = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        page = self.pages.get(request.path)
        return await page(request) if page else web.Response(status=404)

    def page(
        self, path: str, body: bytes | str = b"", *, status: int = 200, headers: dict[str, str] | None = None
    ) -> str:
        """The same answer every time; the page's address."""
        raw = body.encode() if isinstance(body, str) else body
        more = {"Content-Type": "application/rss+xml", **(headers or {})}

        async def said(request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, body=raw, headers=more)

        self.pages[path] = said
        return self.root + path

    def redirect(self, path: str, to: str, status: int = 301) -> str:
        return self.page(path, status=status, headers={"Location": to})
