"""In and out; and what somebody may not do, whatever their page asks for."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, Route, expect

from distributor.desk import passwords
from distributor.ledger import people

from .conftest import Desk
from .newsroom import Newsroom

pytestmark = pytest.mark.asyncio(loop_scope="package")
PASSWORD = "correct horse battery"
ELSEWHERE = "http://127.0.0.1:9/"
"""Another origin, but the same site: browsers send it our cookies."""
REFUSED = ("status of 403",)
POST = """([url, headers]) => fetch(url, {method: "POST", headers, body: '{"reason":"forged"}'})
    .then((answer) => answer.status)"""
FORM = """<form method="post" enctype="text/plain" action="{}">
    <input name='{{"reason":"' value='"}}'></form>"""


async def test_a_wrong_password_is_told_and_the_right_one_leads_where_one_wanted(
    desk: Desk, newsroom: Newsroom
) -> None:
    secret, ledger = passwords.hashed(PASSWORD), newsroom.service.ledger
    await ledger.write(people.add, "lou", "editor", secret, "test", ledger.now())
    desk.expected = REFUSED
    page = await desk.page("/desk/articles/1?language=ru", name="")
    await expect(page.get_by_label("Name")).to_be_focused()
    await _enter(page, "a guess of mine")
    await expect(page.get_by_role("alert")).to_contain_text("not the password")
    await _enter(page, PASSWORD)
    await expect(page).to_have_url(re.compile(r"/desk/articles/1\?language=ru$"))
    await page.get_by_text("lou", exact=True).click()
    await page.get_by_role("button", name="Log out").click()
    await expect(page).to_have_url(re.compile("/desk/login$"))
    await page.goto("/desk/")
    await expect(page.get_by_label("Password")).to_be_visible()


async def _enter(page: Page, password: str) -> None:
    await page.get_by_label("Name").fill("lou")
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("path", ["/desk/", "/desk/articles/1?language=ru", "/desk/members", "/desk/figures"])
async def test_a_viewer_sees_no_act(desk: Desk, path: str) -> None:
    page = await desk.page(path, name="vic")
    await expect(page.locator("main")).not_to_be_empty()
    await expect(page.locator("[data-act], [data-choose], textarea")).to_have_count(0)
    await expect(page.get_by_role("link", name="People")).to_have_count(0)


async def test_a_viewers_page_and_one_without_the_token_are_refused(desk: Desk, newsroom: Newsroom) -> None:
    id_ = await newsroom.publish("Nobody may hold this but an editor")
    url, desk.expected = f"/api/v1/articles/{id_}/hold", REFUSED
    viewer = await desk.page("/desk/", name="vic")
    token = await viewer.locator('meta[name="csrf"]').get_attribute("content")
    assert await viewer.evaluate(POST, [url, {"X-CSRF-Token": token}]) == 403
    editor = await desk.page("/desk/")
    assert await editor.evaluate(POST, [url, {}]) == 403
    assert await editor.evaluate(POST, [url, {"X-CSRF-Token": token}]) == 403  # somebody else's
    own = await editor.locator('meta[name="csrf"]').get_attribute("content")
    assert await editor.evaluate(POST, [url, {"X-CSRF-Token": own}]) == 200


@pytest.mark.parametrize("path", ["/api/v1/articles/1/hold", "/desk/logout"])
async def test_another_origins_form_changes_nothing(desk: Desk, path: str) -> None:
    page = await desk.page("/desk/")
    await _forged(desk, page, FORM.format(desk.room.url + path))
    await page.goto("/desk/articles/1")  # still logged in
    await expect(page.locator("#head .state").first).to_have_text("usable")


async def test_another_origins_form_logs_nobody_in_as_somebody_else(desk: Desk, newsroom: Newsroom) -> None:
    secret, ledger = passwords.hashed(PASSWORD), newsroom.service.ledger
    await ledger.write(people.add, "mallory", "editor", secret, "test", ledger.now())
    page = await desk.page("/desk/", name="eve")
    fields = f'<input name="name" value="mallory"><input name="password" value="{PASSWORD}">'
    action = f"{desk.room.url}/desk/login"
    await _forged(desk, page, f'<form method="post" action="{action}">{fields}</form>')
    await expect(page.get_by_role("alert")).to_contain_text("came from elsewhere")
    await page.goto("/desk/")
    await expect(page.locator(".menu summary")).to_have_text("eve")


async def _forged(desk: Desk, page: Page, form: str) -> None:
    """A page of another origin sends it."""
    desk.expected, desk.elsewhere = REFUSED, ELSEWHERE

    async def answer(route: Route) -> None:
        await route.fulfill(content_type="text/html", body=form)

    await page.route(ELSEWHERE, answer)
    await page.goto(ELSEWHERE)
    async with page.expect_navigation():
        await page.locator("form").evaluate("form => form.submit()")
