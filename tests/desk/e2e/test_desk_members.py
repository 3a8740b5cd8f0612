"""Members, and their channels when they fail."""

from __future__ import annotations

import pytest
from aiohttp import web
from playwright.async_api import Locator, Page, expect

from .conftest import Desk
from .newsroom import Newsroom, until

pytestmark = pytest.mark.asyncio(loop_scope="package")


def lane(page: Page, member: str) -> Locator:
    return page.locator(f"#{member} .lane")


def number(page: Page, member: str, what: str) -> Locator:
    return lane(page, member).locator(".numbers div", has_text=what).locator("dd")


async def test_what_is_dead_is_replayed_once_its_receiver_is_mended(desk: Desk, newsroom: Newsroom) -> None:
    bureau = newsroom.receivers["bureau"]
    page = await desk.page("/desk/members")
    bureau.answers = [web.Response(status=400, text="no such desk")]
    id_ = await newsroom.publish("A report on the bureau", topics=("bureau",))
    await expect(number(page, "bureau", "dead")).to_have_text("1")
    await expect(lane(page, "bureau")).to_contain_text("no such desk")
    await lane(page, "bureau").get_by_role("link", name="Which?").click()
    await expect(page.locator("tr.row")).to_have_count(1)
    await expect(page.locator(f"#a{id_} .s-dead").first).to_be_visible()
    await page.go_back()
    await lane(page, "bureau").get_by_role("button", name="Replay 1 dead").click()
    await expect(number(page, "bureau", "dead")).to_have_text("0")
    await until(lambda: newsroom.deliveries(id_, member="bureau", state="delivered"))
    assert b"A report on the bureau" in bureau.taken[-1].body


async def test_a_paused_channel_waits_until_it_is_resumed(desk: Desk, newsroom: Newsroom) -> None:
    page = await desk.page("/desk/members")
    its = lane(page, "bureau")
    await its.get_by_role("button", name="Pause").click()
    await page.get_by_label("Reason").fill("They are moving house")
    await page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    await expect(its).to_contain_text("paused")
    await expect(its).to_contain_text("They are moving house")
    await newsroom.publish("While the bureau moves", topics=("bureau",))
    await expect(number(page, "bureau", "waiting")).to_have_text("1")
    await its.get_by_role("button", name="Resume").click()
    await expect(number(page, "bureau", "waiting")).to_have_text("0")
    await expect(its.locator(".state")).to_have_text("open")
    assert b"While the bureau moves" in newsroom.receivers["bureau"].taken[-1].body


async def test_a_test_item_arrives_and_says_what_it_is(desk: Desk, newsroom: Newsroom) -> None:
    page = await desk.page("/desk/members")
    await lane(page, "bureau").get_by_role("button", name="Test item").click()
    await page.get_by_role("dialog").get_by_role("button", name="Test item").click()
    await expect(page.locator(".toast")).to_contain_text("204")
    assert b"TEST: please ignore" in newsroom.receivers["bureau"].taken[-1].body


async def test_a_channel_that_needs_a_person_is_parked_and_told_on_the_wire(
    desk: Desk, newsroom: Newsroom
) -> None:
    gate = newsroom.receivers["gate"]
    page = await desk.page("/desk/")
    gate.answers = [web.Response(status=401)]
    await newsroom.publish("Behind the gate", topics=("gate",))
    notice = page.locator(".notice", has_text="gate/hook")
    await expect(notice).to_be_visible()
    await notice.get_by_role("button", name="Seen to").click()
    await expect(notice).to_have_count(0)
    await page.goto("/desk/members")
    await expect(lane(page, "gate").locator(".state")).to_have_text("parked")
    await lane(page, "gate").get_by_role("button", name="Resume").click()
    await expect(lane(page, "gate").locator(".state")).to_have_text("open")
    await expect(number(page, "gate", "waiting")).to_have_text("0")
