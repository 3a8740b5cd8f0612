"""The figures are drawn, and say their numbers under the mouse."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import expect

from .conftest import Desk
from .newsroom import Newsroom

pytestmark = pytest.mark.asyncio(loop_scope="package")
COLOURS = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const found = new Set();
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) found.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
    return found.size;
}"""  # noqa: E501


@pytest.mark.parametrize("chart", ["hours", "times"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_chart_has_colours_and_tells_the_hour_under_the_mouse(
    desk: Desk, newsroom: Newsroom, chart: str, scheme: str
) -> None:
    await newsroom.service.bookkeeper.once(asyncio.Event())
    page = await desk.page("/desk/figures", color_scheme=scheme)
    place = page.locator(f'[data-chart="{chart}"]')
    canvas = place.locator("canvas")
    await expect(canvas).to_be_visible()
    assert await canvas.evaluate(COLOURS) > 2
    value = place.locator(".u-legend .u-series").nth(2).locator(".u-value")
    await expect(value).to_have_text(re.compile("--|—|^$"))
    box = await place.locator(".u-over").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    await expect(value).to_have_text(re.compile(r"^\d"))


async def test_the_tiles_say_how_many_arrived(desk: Desk, newsroom: Newsroom) -> None:
    await newsroom.service.bookkeeper.once(asyncio.Event())
    page = await desk.page("/desk/figures?member=jst")
    await expect(page.locator(".tile").first).to_have_text(re.compile(r"[1-9]\d* delivered"))
    await expect(page.locator("#tables")).to_contain_text("ja")
