"""A translation under an editor's hand, and what becomes of it at the receivers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from distributor.ledger import views

from .conftest import Desk
from .newsroom import Newsroom

pytestmark = pytest.mark.asyncio(loop_scope="package")
FIRST, SECOND = "The mayor paid 7 million for it.", "The harbour has 12 bridges."


def wording(page: Page, sentence: str) -> Locator:
    return page.locator(f'textarea[data-sentence="{sentence}"]')


def arrived(newsroom: Newsroom, headline: str, language: str) -> list[dict[str, Any]]:
    """What the agency has of it, in their order."""
    items = [json.loads(one.body) for one in newsroom.receivers["agency"].taken]
    return [i for i in items if i["language"] == language and headline in json.dumps(i, ensure_ascii=False)]


async def test_what_is_held_is_mended_sentence_by_sentence_approved_and_delivered(
    desk: Desk, newsroom: Newsroom
) -> None:
    newsroom.doubted |= {FIRST, SECOND}
    id_ = await newsroom.publish("The harbour is sold", FIRST, SECOND)
    await newsroom.settle(id_)
    assert (await newsroom.rendition(id_, "ru")).state == "held"
    page = await desk.page(f"/desk/articles/{id_}?language=ru")
    await expect(page.locator("tr.doubtful")).to_have_count(2)
    await expect(page.get_by_text("a number is not there").first).to_be_visible()
    await page.keyboard.press("]")
    await expect(wording(page, FIRST)).to_be_focused()
    await wording(page, FIRST).fill("Мэр заплатил за это 7 миллионов.")
    await page.get_by_role("button", name="Keep this wording").click()
    await expect(page.locator("tr.doubtful")).to_have_count(1)
    assert await newsroom.deliveries(id_, language="ru", state="delivered") == []
    await page.get_by_role("button", name="Approve: let it go").click()
    row = page.locator("#deliveries tr", has_text="agency/hook").filter(has_text="ru")
    await expect(row.locator(".state")).to_have_text("delivered")
    await expect(page.get_by_role("button", name="Approve: let it go")).to_have_count(0)
    (item,) = arrived(newsroom, "Мэр заплатил за это 7 миллионов.", "ru")
    assert item["pubStatus"] == "usable"


async def test_what_has_left_is_mended_by_a_correction_in_that_language_only(
    desk: Desk, newsroom: Newsroom
) -> None:
    sentence = "The new ferry leaves at noon."
    id_ = await newsroom.publish("A ferry for the islands", sentence)
    await newsroom.settle(id_)
    page = await desk.page(f"/desk/articles/{id_}?language=ru")
    await wording(page, sentence).fill("Новый паром уходит в полдень.")
    await page.get_by_role("button", name="Send as a correction").click()
    row = page.locator("#deliveries tr", has_text="agency/hook").filter(has_text="ru").first
    await expect(row.locator("td").nth(2)).to_have_text("2")
    await expect(row.locator(".state")).to_have_text("delivered")
    await expect(page.locator("#head")).to_contain_text("version 2")
    await expect(page.locator("#text .meta").first).to_contain_text("edited")
    await expect(wording(page, sentence)).to_be_focused()
    await newsroom.settle(id_)
    second = await newsroom.deliveries(id_, version=2)
    assert {(d["member"], d["language"]) for d in second} == {("agency", "ru")}
    assert arrived(newsroom, "Новый паром уходит в полдень.", "ru")[-1]["version"] == "2"


async def test_the_second_of_two_editors_is_told_and_keeps_what_was_typed(
    desk: Desk, newsroom: Newsroom
) -> None:
    sentence = "The old lighthouse is open again."
    id_ = await newsroom.publish("A light for ships", sentence)
    await newsroom.settle(id_)
    path, desk.expected = f"/desk/articles/{id_}?language=ru", ("status of 409",)
    eve, ed = await desk.page(path, "eve"), await desk.page(path, "ed")
    await wording(ed, sentence).fill("Маяк Эда")
    await wording(eve, sentence).fill("Маяк Евы")
    await eve.get_by_role("button", name="Send as a correction").click()
    await expect(ed.locator("#head")).to_contain_text("version 2")
    await ed.get_by_role("button", name="Send as a correction").click()
    await expect(ed.locator(".toast.bad")).to_contain_text("Changed meanwhile")
    await expect(wording(ed, sentence)).to_have_value("Маяк Эда")
    await expect(ed.locator(".theirs")).to_have_text("Now it reads: Маяк Евы")
    await newsroom.settle(id_)
    assert (await newsroom.rendition(id_, "ru")).version == 2
    await ed.get_by_role("button", name="Send as a correction").click()  # seen, and still meant
    await expect(ed.locator("#head")).to_contain_text("version 3")
    await expect(wording(ed, sentence)).to_have_value("Маяк Эда")
    await expect(wording(eve, sentence)).to_have_value("Маяк Эда")


async def test_what_is_typed_and_not_sent_is_neither_lost_nor_passed_over(
    desk: Desk, newsroom: Newsroom
) -> None:
    sentence = "The ship has 3 funnels."
    newsroom.doubted.add(sentence)
    id_ = await newsroom.publish("An old ship comes home", sentence)
    await newsroom.settle(id_)
    page = await desk.page(f"/desk/articles/{id_}?language=ru")
    approve = page.get_by_role("button", name="Approve: let it go")
    await expect(approve).to_be_enabled()
    await wording(page, sentence).fill("У корабля 3 трубы.")
    await expect(approve).to_be_disabled()
    await page.get_by_label("Urgency").select_option("3")  # which refreshes what is around it
    await expect(page.locator("#head .urgency")).to_contain_text("3")
    await expect(wording(page, sentence)).to_have_value("У корабля 3 трубы.")
    await wording(page, sentence).fill(await wording(page, sentence).get_attribute("data-was") or "")
    await expect(approve).to_be_enabled()


async def test_a_preview_says_what_its_pictures_show_and_fetches_none(desk: Desk, newsroom: Newsroom) -> None:
    rows = await newsroom.read(views.articles)
    (id_,) = (row["id"] for row in rows if row["headline"].startswith("New materials make solar cells"))
    page = await desk.page(f"/desk/articles/{id_}?language=en")
    await page.locator("iframe").scroll_into_view_if_needed()
    shown = page.locator("iframe").content_frame.locator("figure")
    await expect(shown).to_contain_text("rows of solar cells")
    await expect(shown.locator("img")).to_have_count(1)


async def test_a_withdrawal_wants_a_reason_and_reaches_who_has_it(desk: Desk, newsroom: Newsroom) -> None:
    id_ = await newsroom.publish("The tunnel has collapsed")
    await newsroom.settle(id_)
    page = await desk.page(f"/desk/articles/{id_}")
    await page.get_by_role("button", name="Withdraw").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    await dialog.get_by_role("button", name="Withdraw").click()
    await expect(dialog).to_be_visible()
    assert await newsroom.deliveries(id_, action="cancel") == []
    await dialog.get_by_label("Reason").fill("It stands.")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(page.locator("#head .state").first).to_have_text("withdrawn")
    await expect(page.locator("#head")).to_contain_text("It stands.")
    row = page.locator("#deliveries tr", has_text="withdrawal").filter(has_text="agency/hook").first
    await expect(row.locator(".state", has_text="delivered")).to_be_visible()
    assert arrived(newsroom, "The tunnel has collapsed", "en")[-1]["pubStatus"] == "canceled"
    await expect(page.get_by_role("button", name=re.compile("Withdraw|Hold|Urgent"))).to_have_count(0)


async def test_an_embargo_is_set_once_one_has_left_its_field_and_lifted_by_emptying_it(
    desk: Desk, newsroom: Newsroom
) -> None:
    id_ = await newsroom.publish("The prize goes to")
    await newsroom.settle(id_)
    page = await desk.page(f"/desk/articles/{id_}", timezone_id="Asia/Tokyo")
    field = page.get_by_label("Embargo until")
    await field.fill("2126-02-01T09:30")
    await expect(page.get_by_text("Under embargo until")).to_have_count(0)
    await field.press("Enter")
    await expect(page.get_by_text("Under embargo until").locator("time")).to_have_attribute(
        "datetime", re.compile("^2126-02-01T00:30:00")
    )
    await expect(field).to_have_value("2126-02-01T09:30")
    await field.fill("")
    await field.blur()
    await expect(page.get_by_text("Under embargo until")).to_have_count(0)
