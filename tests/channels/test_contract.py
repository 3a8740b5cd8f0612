"""What holds for every kind of channel, each against a real receiver of its own."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from channel_stories import HOSTILE, STORY, in_language, story
from pydantic import ValidationError
from ways import KINDS, Way

from channels.channel import Refused, Unavailable
from channels.registry import GROUP, load
from channels.story import IdempotencyKey, Receipt

KEY = IdempotencyKey("d-1")
NEXT, NEXT_KEY = story(slug="next", uri="tag:e.org,2021:next"), IdempotencyKey("d-2")
LARGE = HOSTILE["a megabyte"]

EXCEPTED = {"feed"}
"""It brings nothing anywhere: its readers ask the wire's own pages, which tests/web holds to theirs."""

WIRED = pytest.mark.parametrize("way", [kind for kind in KINDS if kind != "folder"], indirect=True)
"""All that have a receiver who says something, over a line that can break; test_folder.py breaks disks."""

PATIENCE, PROMPT = 20.0, 10.0
"""Seconds until a channel is said to hang; not to let go, sooner than by its own timeout."""


@pytest.fixture(params=list(KINDS))
async def way(
    request: pytest.FixtureRequest, tmp_path: Path, nobody: int, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Way]:
    monkeypatch.setenv("SECRET", "whsec_" + base64.b64encode(b"s" * 32).decode())
    monkeypatch.setenv("PASSWORD", "secret")
    async with AsyncExitStack() as stack:
        made = await KINDS[request.param](stack, tmp_path, nobody)
        async with made.stack:
            yield made


def test_every_kind_of_ours_is_held_to_this() -> None:
    ours = {entry.name for entry in entry_points(group=GROUP) if entry.value.startswith("channels.")}
    assert ours == KINDS.keys() | EXCEPTED


async def test_a_story_is_received(way: Way) -> None:
    assert isinstance(await (await way.open()).send(STORY, KEY), Receipt)
    assert len(await way.seen()) == 1


async def test_a_receipt_says_something_to_a_person(way: Way) -> None:
    receipt = await (await way.open()).send(STORY, KEY)
    assert receipt.answer
    assert receipt.answer.isprintable()


async def test_a_repeat_makes_no_second_item(way: Way) -> None:
    channel = await way.open()
    for _ in range(3):
        await channel.send(STORY, KEY)
    assert len(await way.seen()) == 1


async def test_a_repeat_after_a_restart_makes_none_either(way: Way) -> None:
    for _ in range(2):
        await (await way.open()).send(STORY, KEY)
    assert len(await way.seen()) == 1 + way.forgetful


async def test_two_stories_are_two_items(way: Way) -> None:
    channel = await way.open()
    await channel.send(STORY, KEY)
    await channel.send(NEXT, NEXT_KEY)
    assert len(await way.seen()) == 2


@pytest.mark.parametrize("language", ["en", "ru", "zh-Hans", "ja", "it", "ar"])
async def test_every_language_goes(way: Way, language: str) -> None:
    assert await (await way.open()).send(in_language(language), KEY)


@pytest.mark.parametrize("name", sorted(HOSTILE))
async def test_a_hostile_story_is_received_or_refused_and_nothing_else(way: Way, name: str) -> None:
    channel = await way.open()
    try:
        assert isinstance(await channel.send(HOSTILE[name], KEY), Receipt)
    except Refused:
        assert name == "lone surrogate"
    assert len(await way.seen()) == (name != "lone surrogate")
    await channel.send(NEXT, NEXT_KEY)


async def test_a_withdrawal_is_received(way: Way) -> None:
    channel = await way.open()
    await channel.send(STORY, KEY)
    withdrawn = story(version=3, pub_status="canceled")
    assert isinstance(await channel.send(withdrawn, IdempotencyKey("d-2")), Receipt)


async def test_a_check_answers_and_leaves_no_item(way: Way) -> None:
    said = await (await way.open()).check()
    assert said
    assert said.isprintable()
    assert not await way.seen()


async def test_who_cannot_be_reached_is_unavailable_to_a_story_and_a_check(way: Way) -> None:
    channel = await way.open(way.unreachable)
    for attempt in (lambda: channel.send(STORY, KEY), channel.check):
        with pytest.raises(Unavailable) as raised:
            await attempt()
        assert not raised.value.unknown
        assert str(raised.value).isprintable()


@WIRED
async def test_what_the_receiver_will_never_take_is_refused_and_the_next_story_goes(way: Way) -> None:
    channel = await way.open()
    assert way.refusing
    async with way.refusing():
        with pytest.raises(Refused) as raised:
            await channel.send(STORY, KEY)
    assert str(raised.value).isprintable()
    assert not await way.seen()
    await channel.send(NEXT, NEXT_KEY)
    assert len(await way.seen()) == 1


@WIRED
async def test_what_the_receiver_does_not_take_now_can_be_tried_again(way: Way) -> None:
    channel = await way.open()
    assert way.busy
    async with way.busy():
        with pytest.raises(Unavailable) as raised:
            await channel.send(STORY, KEY)
    assert not raised.value.unknown
    assert not await way.seen()
    await channel.send(STORY, KEY)
    assert len(await way.seen()) == 1


@WIRED
async def test_who_is_too_slow_is_unavailable_and_may_have_it_only_if_that_is_said(way: Way) -> None:
    hasty = await way.open(timeout="2s")
    await hasty.check()
    assert way.line
    async with asyncio.timeout(PATIENCE):
        with way.line.silent(), pytest.raises(Unavailable) as raised:
            await hasty.send(STORY, KEY)
    arrived = await way.seen()
    assert raised.value.unknown or not arrived
    assert not (raised.value.unknown and raised.value.blip)
    await (await way.open()).send(STORY, KEY)
    assert len(await way.seen()) == 1 + (way.forgetful and len(arrived))


@WIRED
async def test_an_attempt_that_is_given_up_ends_at_once_and_disturbs_no_other(way: Way) -> None:
    channel = await way.open()
    await channel.check()
    assert way.line
    with way.line.silent():
        attempt = asyncio.create_task(channel.send(STORY, KEY))
        async with asyncio.timeout(PATIENCE):
            await way.line.used.wait()
        attempt.cancel()
        await asyncio.wait([attempt], timeout=PROMPT)
        assert attempt.cancelled()
    await channel.send(NEXT, NEXT_KEY)
    arrived = await way.seen()
    await channel.send(STORY, KEY)
    assert len(await way.seen()) == 2 + (way.forgetful and len(arrived) - 1)


@WIRED
async def test_what_is_cut_off_in_the_middle_leaves_no_part_of_it(way: Way) -> None:
    channel = await way.open()
    assert way.cutting
    async with way.cutting():
        with pytest.raises(Unavailable):
            await channel.send(LARGE, KEY)
    assert not await way.seen()
    await channel.send(LARGE, KEY)
    assert len(await way.seen()) == 1


async def test_unknown_keys_are_refused(way: Way) -> None:
    kind = load(way.settings["type"])
    with pytest.raises(ValidationError, match="Extra inputs"):
        kind.Settings.model_validate(way.settings | {"formt": "x"})


async def test_what_every_channel_can_be_told_can_be_told_to_this(way: Way) -> None:
    kind = load(way.settings["type"])
    more = {"name": "second", "languages": ["ja"], "concurrency": 2, "timeout": "5s"}
    settings = kind.Settings.model_validate(way.settings | more)
    assert (settings.name, settings.languages, settings.concurrency) == ("second", ("ja",), 2)
