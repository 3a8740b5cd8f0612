"""Every page for everybody: by day and by night, on a telephone and on a wall."""

from __future__ import annotations

from typing import Any, Literal

import pytest
import pytest_asyncio
from aiohttp import web
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

from distributor.ledger import urgency, withdrawal

from .conftest import Desk
from .newsroom import Newsroom

pytestmark = pytest.mark.asyncio(loop_scope="package")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PAGES = {
    "login": "/desk/login",
    "wire": "/desk/",
    "text": "/desk/articles/1?language=ru",
    "doubts": "/desk/articles/{}?language=ru",
    "ninjs": "/desk/articles/1?language=en&format=ninjs",
    "members": "/desk/members",
    "figures": "/desk/figures",
    "trail": "/desk/trail",
    "people": "/desk/people",
    "me": "/desk/me",
}
OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
GRAVE = ("serious", "critical")
WIDER = """() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const out = (e) => e.getBoundingClientRect().right > root.clientWidth + 0.5;
    return [...document.querySelectorAll("main *")].filter(out).map((e) => e.outerHTML.slice(0, 120));
}"""
"""What makes the page scroll sideways."""


async def _faults(page: Page) -> list[str]:
    """What axe, loaded into the page, finds that keeps somebody out."""
    found: list[dict[str, Any]] = (await page.evaluate("told => axe.run(document, told)", OPTIONS))[
        "violations"
    ]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def doubtful(newsroom: Newsroom) -> int:
    """An article that is in doubt, on a wire with all kinds of trouble: dead, parked, urgent, withdrawn."""
    ledger, routes = newsroom.service.ledger, newsroom.service.intakes[0].routes
    newsroom.receivers["wall"].answers = [web.Response(status=400), web.Response(status=401)]
    for title in ("What nobody takes", "What nobody lets in"):
        await newsroom.settle(await newsroom.publish(title, topics=("wall",)))
    await newsroom.publish("افتتاح مؤتمر دولي للعلوم في القاهرة بمشاركة 20 دولة")
    await ledger.write(urgency.make_urgent, 3, 1, routes, "ed", ledger.now())
    await ledger.write(withdrawal.withdraw, 2, "it is wrong", "ed", ledger.now())
    newsroom.doubted.add("In 2031 there will be 12.")
    id_ = await newsroom.publish("A forecast", "In 2031 there will be 12.", "So they say.")
    await newsroom.settle(id_)
    return id_


@pytest.mark.parametrize("name", PAGES)
async def test_nothing_keeps_anybody_out(desk: Desk, doubtful: int, name: str) -> None:
    page = await desk.page(PAGES[name].format(doubtful), "" if name == "login" else "ada")
    await page.evaluate(AXE_SCRIPT)
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in (360, 1440):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await _faults(page) == [], f"{scheme}, {width} px"


@pytest.mark.parametrize(
    ("width", "locale"), [(320, "en-GB"), (360, "ru-RU"), (360, "it-IT"), (768, "ru-RU"), (1920, "ja-JP")]
)
async def test_no_page_is_wider_than_its_window(desk: Desk, doubtful: int, width: int, locale: str) -> None:
    context = await desk.context("ada", viewport={"width": width, "height": 900}, locale=locale)
    page = await context.new_page()
    for name, path in PAGES.items():
        await page.goto(path.format(doubtful))
        assert await page.evaluate(WIDER) == [], name
