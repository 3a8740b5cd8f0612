"""Everything has a key, and everything can be reached without a mouse."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from .conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="package")

WANTED = """() => {
    const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && !e.closest("dialog:not([open])");
    const all = [...document.querySelectorAll("a[href], button, select, input:not([type=hidden]), textarea, summary, [tabindex='0']")];
    const radios = (e) => e.type === "radio" && !e.checked;  // a group of them is one stop
    window.wanted = new Set(all.filter((e) => seen(e) && !radios(e)));
    return window.wanted.size;
}"""  # noqa: E501
STEP = """() => {
    const e = document.activeElement;
    if (e === document.body) return "";  // past the end, or in a frame that is loading
    window.wanted.delete(e);
    const drawn = (s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2;
    const marked = [e, e.closest("label"), e.closest("tr")].some((x) => x && drawn(getComputedStyle(x)));
    const box = (e.closest("label.chip") ?? e).getBoundingClientRect();
    const inside = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return marked && inside ? "" : `${e.outerHTML.slice(0, 200)} ${marked ? "is out of sight" : "has no visible focus"}`;
}"""  # noqa: E501
LEFT = "() => [...window.wanted].filter((e) => e.isConnected).map((e) => e.outerHTML.slice(0, 200))"


async def test_up_down_open_search_help_and_away(desk: Desk) -> None:
    page = await desk.page("/desk/")
    rows = page.locator("tr.row")
    for key, at in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        await page.keyboard.press(key)
        await expect(rows.nth(at)).to_be_focused()
    id_ = await rows.nth(1).get_attribute("data-id")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    await page.keyboard.press("j")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(rows.nth(1)).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(f"/desk/articles/{id_}$"))
    for key, path in (("m", "members"), ("f", "figures"), ("t", "trail"), ("w", "")):
        await page.keyboard.press("g")
        await page.keyboard.press(key)
        await page.wait_for_url(re.compile(f"/desk/{path}$"))
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("searchbox")).not_to_be_focused()


@pytest.mark.parametrize("path", ["", "articles/1?language=ru", "members", "figures", "trail", "people"])
async def test_all_that_can_be_used_is_reached_by_tab_and_seen_to_be(desk: Desk, path: str) -> None:
    page = await desk.page(f"/desk/{path}", name="ada")
    faults = await _tabbed(page)
    assert faults == []
    assert await page.evaluate(LEFT) == []


async def _tabbed(page: Page) -> list[str]:
    """What was wrong at a stop, until all were reached or one has been everywhere."""
    steps, faults = 2 * await page.evaluate(WANTED), []
    while steps and await page.evaluate(LEFT):
        await page.keyboard.press("Tab")
        faults.append(await page.evaluate(STEP))
        steps -= 1
    return [fault for fault in faults if fault]


async def test_a_key_is_the_one_with_the_letter_on_it_whatever_alphabet_it_writes(desk: Desk) -> None:
    page = await desk.page("/desk/")
    for code, letter in (("KeyG", "п"), ("KeyM", "ь")):
        told = {"key": letter, "code": code, "bubbles": True}
        await page.locator("body").dispatch_event("keydown", told)
    await page.wait_for_url(re.compile("/desk/members$"))


async def test_tab_begins_with_the_way_to_the_content(desk: Desk) -> None:
    page = await desk.page("/desk/")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="To the content")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
