"""The wire: urgent and undone, live, searched, in every script."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from .cable import Cable
from .conftest import Desk
from .newsroom import Newsroom

pytestmark = pytest.mark.asyncio(loop_scope="package")
SECONDS = re.compile(r"\d+(\.\d+)? s")


def row_of(page: Page, article: int) -> Locator:
    return page.locator(f"#a{article}")


async def test_urgent_by_a_key_leaves_when_its_seconds_are_over_and_the_receipts_come_in(
    desk: Desk, newsroom: Newsroom
) -> None:
    id_ = await newsroom.publish("A large fire in the harbour")
    await newsroom.settle(id_)
    page = await desk.page("/desk/")
    await page.evaluate("window.here = true")
    row = row_of(page, id_)
    await page.keyboard.press("j")
    await expect(row).to_be_focused()
    await page.keyboard.press("u")
    await expect(row.get_by_role("button", name=re.compile(r"Undo \([1-4]\)"))).to_be_visible()
    await expect(row).to_be_focused()
    await expect(row.locator(".receipt", has_text="flash")).to_contain_text("…")
    await expect(row.locator(".receipt", has_text="flash").locator("b")).to_have_text(SECONDS)
    await expect(row.locator(".receipt", has_text="jst").locator("b")).to_have_text("✓")  # had it before
    await expect(row.get_by_role("button", name="Undo")).to_have_count(0)
    assert b"A large fire in the harbour" in newsroom.receivers["flash"].taken[-1].body
    assert await page.evaluate("window.here")


async def test_what_was_flagged_is_taken_back_by_a_key(desk: Desk, newsroom: Newsroom) -> None:
    id_ = await newsroom.publish("A small fire in the harbour")
    await newsroom.settle(id_)
    page = await desk.page("/desk/")
    row = row_of(page, id_)
    await page.keyboard.press("j")
    await page.keyboard.press("u")
    await expect(row.get_by_role("button", name="Undo")).to_be_visible()
    assert await newsroom.deliveries(id_, member="flash", state="pending")
    await page.keyboard.press("z")
    await expect(row.get_by_role("button", name="Urgent")).to_be_visible()
    await expect(row.locator(".urgency")).to_contain_text("5")
    assert await newsroom.deliveries(id_, member="flash") == []


async def test_what_comes_in_appears_and_moves_neither_focus_nor_what_is_read(
    desk: Desk, newsroom: Newsroom
) -> None:
    page = await desk.page("/desk/", viewport={"width": 1000, "height": 400})
    for _ in range(6):
        await page.keyboard.press("j")
    read = page.locator("tr.row:focus")
    id_, before = await read.get_attribute("id"), await _top(read)
    assert await page.evaluate("scrollY") > 0
    new = await newsroom.publish("A bridge is opened to traffic")
    await expect(row_of(page, new)).to_contain_text("A bridge is opened to traffic")
    await expect(page.locator(f"#{id_}")).to_be_focused()
    assert abs(await _top(read) - before) < 3


async def _top(row: Locator) -> float:
    box = await row.bounding_box()
    assert box is not None
    return box["y"]


async def test_typing_a_search_is_not_disturbed_and_finds(desk: Desk, newsroom: Newsroom) -> None:
    page = await desk.page("/desk/")
    await page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    await expect(search).to_be_focused()
    await page.keyboard.type("zeppe")
    new = await newsroom.publish("The zeppelin has landed")
    await expect(row_of(page, new)).to_be_visible()
    await page.keyboard.type("lin")
    await expect(search).to_have_value("zeppelin")
    await expect(search).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("words=zeppelin"))
    await expect(page.locator("tr.row")).to_have_count(1)
    await expect(row_of(page, new)).to_be_visible()


@pytest.mark.parametrize(
    ("headline", "language"),
    [
        ("افتتاح مؤتمر دولي للعلوم في القاهرة بمشاركة 40 دولة", "ar"),
        ("כנס בינלאומי למדע נפתח בירושלים בהשתתפות 40 מדינות", "he"),
    ],
    ids=["ar", "he"],
)
async def test_what_is_written_from_right_to_left_is_shown_so(
    desk: Desk, newsroom: Newsroom, headline: str, language: str
) -> None:
    id_ = await newsroom.publish(headline, f"{headline}.")
    page = await desk.page("/desk/")
    told = row_of(page, id_).get_by_role("link", name=headline)
    await expect(told).to_have_css("direction", "rtl")
    await expect(told).to_have_attribute("lang", language)
    await told.click()
    await expect(page.get_by_role("heading", level=1)).to_have_css("direction", "rtl")
    await expect(page.locator(".prose")).to_have_css("direction", "rtl")


async def test_many_open_pages_do_not_starve_each_other(desk: Desk, newsroom: Newsroom) -> None:
    """A browser has six connections to a host; each page that listens keeps one."""
    context = await desk.context("eve")
    pages = [await context.new_page() for _ in range(8)]
    for page in pages:
        await page.goto("/desk/")
    new = await newsroom.publish("The eighth page is alive")
    await expect(row_of(pages[-1], new)).to_be_visible()


async def test_a_lost_connection_is_shown_and_what_was_missed_is_made_up_for(
    desk: Desk, newsroom: Newsroom
) -> None:
    desk.expected = ("Failed to load resource", "Failed to fetch")
    async with Cable(newsroom.url) as cable:
        desk.elsewhere = cable.url
        page = await desk.page(f"{cable.url}/desk/")
        sign = page.locator("#live")
        await expect(sign).to_have_attribute("data-title", re.compile("Live"))
        cable.cut()
        await expect(sign).to_have_class(re.compile("lost"))
        missed = await newsroom.publish("This was missed while away")
        await cable.mend()
        await expect(row_of(page, missed)).to_be_visible()
        await expect(sign).not_to_have_class(re.compile("lost"))


async def test_a_session_that_is_over_leads_to_the_login_and_back(desk: Desk, newsroom: Newsroom) -> None:
    page = await desk.page("/desk/?state=urgent")
    await page.context.clear_cookies()
    await newsroom.publish("A change for all pages to hear of")
    await expect(page).to_have_url(re.compile(r"/desk/login\?to=/desk/"))
    await expect(page.locator("input[name=to]")).to_have_value("/desk/?state=urgent")
