from __future__ import annotations

import asyncio
import json
import os
import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import wordpress_itself
from aiohttp import web
from channel_stories import HOSTILE, STORY, in_language, story
from pydantic import ValidationError
from receivers import HttpReceiver, hang, hang_up
from wordpress_itself import Itself
from wordpress_stand_in import StandIn, basic, stand_in

from channels.channel import Denied, Gone, Refused, Unavailable
from channels.story import IdempotencyKey, Media
from channels.wordpress import WordPress
from channels.wordpress.channel import slug
from channels.wordpress.settings import WordPressSettings

KEY = IdempotencyKey("d-1")
WITHDRAWN = story(pub_status="canceled", version=3)
ALL = "publish,future,draft,pending,private,trash"


def png(colour: int) -> bytes:
    """A picture of two by two pixels, which WordPress can read."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\x00" + bytes([colour, 0, 0] * 2)) * 2)
    head = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@dataclass
class Site:
    """A site to be looked at by its own API, as its administrator."""

    url: str
    user: str
    password: str
    looks: tuple[str, str]
    http: aiohttp.ClientSession = field(repr=False)
    plain: bool = False

    async def ask(self, method: str, route: str, body: Any = None, **query: str) -> Any:
        at = f"{self.url}index.php" if self.plain else f"{self.url}wp-json/wp/v2/{route}"
        rest = {"rest_route": f"/wp/v2/{route}"} if self.plain else {}
        headers = {"Authorization": basic(*self.looks)}
        async with self.http.request(method, at, params=rest | query, json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def posts(self) -> list[dict[str, Any]]:
        found = await self.ask("GET", "posts", status=ALL, context="edit", per_page="100")
        return list(found)

    async def media(self) -> list[dict[str, Any]]:
        return list(await self.ask("GET", "media", context="edit", per_page="100"))

    async def names(self, taxonomy: str, ids: list[int]) -> list[str]:
        known = await self.ask("GET", taxonomy, per_page="100")
        return [next(term["name"] for term in known if term["id"] == n) for n in ids]


@pytest.fixture
async def stand() -> AsyncIterator[StandIn]:
    async with stand_in() as running:
        yield running


@pytest.fixture(scope="module")
def itself(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Itself]:
    if reason := wordpress_itself.missing():
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with wordpress_itself.wordpress(tmp_path_factory.mktemp("wordpress")) as running:
        yield running


@asynccontextmanager
async def watched(running: StandIn | Itself, role: str = "editor") -> AsyncIterator[Site]:
    async with aiohttp.ClientSession() as http:
        if isinstance(running, StandIn):
            looks = running.user, running.password
            yield Site(running.url, *looks, looks, http, running.plain)
            return
        admin = "the-administrator", running.passwords["administrator"]
        site = Site(running.url, f"the-{role}", running.passwords[role], admin, http, plain=True)
        for kind, found in (("posts", await site.posts()), ("media", await site.media())):
            for item in found:
                await site.ask("DELETE", f"{kind}/{item['id']}", force="true")
        yield site


@pytest.fixture(params=["permalinks", "plain permalinks", "WordPress itself", "WordPress, an author"])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    if request.param.startswith("WordPress"):
        running = request.getfixturevalue("itself")
        async with watched(running, "author" if "author" in request.param else "editor") as site:
            yield site
    else:
        async with stand_in(plain="plain" in request.param) as stand, watched(stand) as site:
            yield site


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NONE", "none")


def settings_for(running: Site | StandIn, **more: Any) -> WordPressSettings:
    given = {
        "type": "wordpress",
        "url": running.url,
        "user": running.user,
        "password": {"env": "NONE"},
        "allow_private": True,
        "tags": False,
        "media_allow_private": True,
    }
    settings = WordPressSettings.model_validate(given | more)
    return settings.model_copy(update={"password": type(settings.password)(running.password)})


async def send(running: Site | StandIn, given: Any = STORY, **more: Any) -> Any:
    """By a channel that has just been started, as after a crash."""
    async with WordPress(settings_for(running, **more)) as channel:
        return await channel.send(given, KEY)


async def test_a_story_becomes_a_post(site: Site) -> None:
    receipt = await send(site)
    (post,) = await site.posts()
    assert receipt.remote_id == str(post["id"])
    assert receipt.url == post["link"]
    assert receipt.answer == f"post {post['id']}: publish"
    assert (post["status"], post["slug"]) == ("publish", "carbon-report-ru")
    assert post["title"]["raw"] == STORY.headline
    assert post["excerpt"]["raw"] == STORY.summary
    raw = post["content"]["raw"]
    assert '<a href="https://example.org/report?a=1&amp;b=2">можно прочесть</a> <em>сегодня</em>' in raw
    assert "https://weekly-edition.example/report.pdf" in raw
    assert "Этот текст переведён машиной." in raw
    assert "Li Wei, Anna Rossi, Weekly Edition" in raw
    assert "<br" not in post["content"]["rendered"]


async def test_a_repeat_and_a_correction_change_the_same_post(site: Site) -> None:
    first = await send(site)
    again = await send(site)
    corrected = await send(site, story(version=3, headline="Исправлено", body="<p>Иначе.</p>"))
    (post,) = await site.posts()
    assert first.remote_id == again.remote_id == corrected.remote_id == str(post["id"])
    assert (post["title"]["raw"], post["slug"]) == ("Исправлено", "carbon-report-ru")
    assert "Иначе." in post["content"]["raw"]


async def test_languages_are_posts_of_their_own(site: Site) -> None:
    for language in ("en", "zh-Hans", "ja", "ar"):
        await send(site, replace(in_language(language), uri=f"tag:e.org,2021:carbon-report/{language}"))
    posts = {post["slug"]: post for post in await site.posts()}
    assert set(posts) == {f"carbon-report-{code}" for code in ("en", "zh-hans", "ja", "ar")}
    assert 'lang="ar" dir="rtl"' in posts["carbon-report-ar"]["content"]["raw"]
    assert posts["carbon-report-zh-hans"]["title"]["raw"] == in_language("zh-Hans").headline


async def test_a_draft_that_was_published_there_stays_so(site: Site) -> None:
    await send(site, status="draft")
    (post,) = await site.posts()
    assert post["status"] == "draft"
    await site.ask("POST", f"posts/{post['id']}", {"status": "publish"})
    await send(site, story(version=3, headline="Иначе"), status="draft")
    (post,) = await site.posts()
    assert (post["status"], post["title"]["raw"], post["slug"]) == ("publish", "Иначе", "carbon-report-ru")


async def test_a_draft_is_found_again(site: Site) -> None:
    await send(site, status="draft")
    await send(site, status="draft")
    assert len(await site.posts()) == 1


async def test_a_withdrawal_puts_the_post_in_the_trash(site: Site) -> None:
    sent = await send(site)
    gone = await send(site, WITHDRAWN)
    (post,) = await site.posts()
    assert post["status"] == "trash"
    assert gone.remote_id == sent.remote_id
    assert (await send(site, WITHDRAWN)).answer.endswith("is in the trash")


async def test_a_withdrawal_of_what_never_was_there_makes_nothing(site: Site) -> None:
    assert (await send(site, WITHDRAWN)).answer == "never was there"
    assert not await site.posts()


async def test_what_we_withdrew_comes_back_in_place(site: Site) -> None:
    sent = await send(site)
    await send(site, WITHDRAWN)
    back = await send(site, story(version=4))
    (post,) = await site.posts()
    assert back.remote_id == sent.remote_id
    assert (post["status"], post["slug"]) == ("publish", "carbon-report-ru")
    assert "withdrawn by distributor" not in post["content"]["raw"]


async def test_what_an_editor_threw_away_stays_away(site: Site) -> None:
    sent = await send(site)
    await site.ask("DELETE", f"posts/{sent.remote_id}")
    again = await send(site, story(version=3, headline="Иначе"))
    (post,) = await site.posts()
    assert "left in the trash" in again.answer
    assert (post["status"], post["title"]["raw"]) == ("trash", STORY.headline)


async def test_a_post_of_somebody_else_is_not_touched(site: Site, request: pytest.FixtureRequest) -> None:
    theirs = {"title": "Theirs", "content": "x", "slug": "carbon-report-ru", "status": "publish"}
    await site.ask("POST", "posts", theirs)
    if "author" in request.node.name:  # who cannot see that post as its editors do
        sent = [await send(site), await send(site), await send(site, WITHDRAWN), await send(site)]
        assert len({receipt.remote_id for receipt in sent}) == 1
        assert len(await site.posts()) == 2
        return
    for given in (STORY, WITHDRAWN):
        with pytest.raises(Refused, match="is not ours"):
            await send(site, given)
    (post,) = await site.posts()
    assert (post["title"]["raw"], post["status"]) == ("Theirs", "publish")


async def test_topics_become_the_categories_and_tags_that_are_there(site: Site) -> None:
    news = (await site.ask("GET", "categories", search="Science &amp; more")) or [
        await site.ask("POST", "categories", {"name": "Science & more"})
    ]
    if not await site.ask("GET", "tags", search="climate"):
        await site.ask("POST", "tags", {"name": "climate"})
    given = story(categories=("Climate", "Union", "Sea"))
    for mapped in ({"Union": "science & More", "Sea": "Nowhere"}, {"Climate": news[0]["id"]}):
        sent = await send(site, given, tags=True, categories=mapped)
        (post,) = await site.posts()
        assert await site.names("categories", post["categories"]) == ["Science &amp; more"]
        assert await site.names("tags", post["tags"]) == ["climate"]
        await site.ask("DELETE", f"posts/{sent.remote_id}", force="true")


async def test_topics_are_made_where_that_is_allowed(site: Site, request: pytest.FixtureRequest) -> None:
    more: dict[str, Any] = {"tags": True, "create_terms": True, "categories": {"Union": "Made & new"}}
    given = story(categories=("Union", "Море & ветер"))
    if "author" in request.node.name:
        given, more["categories"] = story(categories=("Union",)), {"Union": "Never made"}
        with pytest.raises(Denied, match="rest_cannot_create"):
            await send(site, given, **more)
        return
    await send(site, given, **more)
    await send(site, replace(given, slug="other", uri="tag:e.org,2021:other/ru"), **more)
    for post in await site.posts():
        assert await site.names("categories", post["categories"]) == ["Made &amp; new"]
        assert sorted(await site.names("tags", post["tags"])) == ["Union", "Море &amp; ветер"]


async def test_pictures_are_uploaded_once(site: Site, receiver: HttpReceiver) -> None:
    lead = Media(url=f"{receiver.url}/a.png", caption="Зал <1>", alt='Люди "там"', credit="Photo: Li")
    body = f'<p>x <img alt="б" src="{receiver.url}/b.png?x=1&amp;y=2"></p>'
    given = story(media=(lead,), body=body)
    for _ in range(2):
        receiver.answers = [web.Response(body=png(1)), web.Response(body=png(2))]
        await send(site, given, media="upload")
    (post,) = await site.posts()
    media = {item["id"]: item for item in await site.media()}
    assert len(media) == 2
    featured = media[post["featured_media"]]
    assert featured["alt_text"] == 'Люди "там"'
    assert featured["caption"]["raw"] == "Зал &lt;1&gt; (Photo: Li)"
    (other,) = (item for item in media.values() if item is not featured)
    assert f'src="{other["source_url"]}"' in post["content"]["raw"]
    assert receiver.url not in post["content"]["raw"]
    assert [arrived.path for arrived in receiver.got[:2]] == ["/hook/a.png", "/hook/b.png"]
    assert "Authorization" not in receiver.got[0].headers


async def test_pictures_by_link_stay_where_they_are(site: Site) -> None:
    await send(site)
    (post,) = await site.posts()
    assert '<img src="https://weekly-edition.example/hall.jpg" alt="Люди в зале">' in post["content"]["raw"]
    assert "<figcaption>Зал конференции (Photo: Li Wei)</figcaption>" in post["content"]["raw"]
    assert not post["featured_media"]
    assert not await site.media()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(web.Response(status=404), id="not there"),
        pytest.param(hang, id="slow"),
        pytest.param(hang_up, id="cut off"),
        pytest.param(web.Response(text="<html>", content_type="image/png"), id="no picture"),
        pytest.param(web.Response(body=png(1) + b"x" * 5000), id="too large"),
        pytest.param(
            web.Response(body=b"\x89PNG\r\n\x1a\nbroken" * 9, headers={"X": "y"}), id="too large, broken"
        ),
    ],
)
async def test_a_picture_that_cannot_be_had_does_not_stop_the_text(
    stand: StandIn, receiver: HttpReceiver, answer: Any
) -> None:
    receiver.answers = [answer]
    given = story(media=(Media(url=f"{receiver.url}/a.png", alt="a"),))
    receipt = await send(stand, given, media="upload", media_limit=100, timeout=1)
    assert "without 1 of its pictures" in receipt.answer
    (post,) = stand.items["posts"].values()
    assert f'<img src="{receiver.url}/a.png" alt="a">' in post["content"]["raw"]


async def test_a_broken_picture_does_not_stop_the_text(site: Site, receiver: HttpReceiver) -> None:
    receiver.answers = [web.Response(body=b"\x89PNG\r\n\x1a\nbroken")]
    await send(site, story(media=(Media(url=f"{receiver.url}/a.png"),)), media="upload")
    assert len(await site.posts()) == 1


async def test_pictures_on_private_addresses_are_not_fetched(stand: StandIn, receiver: HttpReceiver) -> None:
    given = story(media=(Media(url=f"{receiver.url}/a.png"),), body='<img src="file:///etc/passwd">')
    receipt = await send(stand, given, media="upload", media_allow_private=False)
    assert "without 2 of its pictures" in receipt.answer
    assert not receiver.connections


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.json_response({"code": "rest_upload_unknown_error", "message": "x"}, status=500), None),
        (web.json_response({"code": "rest_cannot_create", "message": "x"}, status=403), None),
        (web.Response(text="[]"), None),
    ],
)
async def test_a_library_that_takes_nothing_does_not_stop_the_text(
    stand: StandIn, receiver: HttpReceiver, answer: Any, error: None
) -> None:
    receiver.answers = [web.Response(body=png(1))]
    stand.says["POST media"] = [answer]
    receipt = await send(stand, story(media=(Media(url=f"{receiver.url}/a.png"),)), media="upload")
    assert "without 1" in receipt.answer


async def test_an_upload_whose_answer_was_lost_is_found_again(stand: StandIn, receiver: HttpReceiver) -> None:
    given = story(media=(Media(url=f"{receiver.url}/a.png", alt="a"),))
    stand.loses = ["POST media"]
    for _ in range(2):
        receiver.answers = [web.Response(body=png(1))]
        await send(stand, given, media="upload")
    (item,) = stand.items["media"].values()
    (post,) = stand.items["posts"].values()
    assert (post["featured_media"], item["alt_text"]) == (item["id"], "a")


async def test_an_answer_that_was_lost_makes_no_second_post(stand: StandIn) -> None:
    stand.loses = ["POST posts"]
    with pytest.raises(Unavailable) as raised:
        await send(stand)
    assert raised.value.unknown
    assert not raised.value.blip
    await send(stand)
    assert len(stand.items["posts"]) == 1


async def test_two_attempts_at_once_leave_one_post(stand: StandIn) -> None:
    await send(stand)
    (first,) = stand.items["posts"].values()
    del stand.items["posts"][first["id"]]
    # It appears between the look and the making.
    stand.before["POST posts"] = [lambda: stand.items["posts"].update({first["id"]: first})]
    receipt = await send(stand, story(version=3, headline="Иначе"))
    (post,) = stand.items["posts"].values()
    assert (receipt.remote_id, post["title"]["raw"]) == (str(first["id"]), "Иначе")


async def test_many_attempts_at_once_leave_one_post_in_the_end(site: Site) -> None:
    settings = settings_for(site)
    async with WordPress(settings) as channel:
        await asyncio.gather(*(channel.send(STORY, KEY) for _ in range(4)), return_exceptions=True)
        await channel.send(STORY, KEY)
    live = [post for post in await site.posts() if post["status"] != "trash"]
    assert "carbon-report-ru" in [post["slug"] for post in live]
    assert len(live) == 1


async def test_a_site_without_a_trash_hides_what_is_withdrawn(stand: StandIn) -> None:
    stand.trash = False
    await send(stand)
    receipt = await send(stand, WITHDRAWN)
    (post,) = stand.items["posts"].values()
    assert (post["status"], receipt.answer) == ("draft", f"post {post['id']}: draft")
    await send(stand, story(version=4))
    (post,) = stand.items["posts"].values()
    assert post["status"] == "publish"


async def test_where_marks_are_taken_out_a_person_is_told(stand: StandIn) -> None:
    await send(stand)
    (post,) = stand.items["posts"].values()
    post["content"] = {"raw": "edited by hand", "rendered": "edited by hand"}
    with pytest.raises(Refused, match="its mark was taken out"):
        await send(stand, story(version=3))
    assert post["content"]["raw"] == "edited by hand"


@pytest.mark.parametrize("what", ["GET posts", "POST posts"])
@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        pytest.param(401, "incorrect_password", Denied, id="wrong password"),
        pytest.param(403, "rest_cannot_create", Denied, id="may not"),
        pytest.param(404, "rest_no_route", Denied, id="no API"),
        pytest.param(301, "", Denied, id="moved"),
        pytest.param(400, "rest_invalid_author", Denied, id="no such author"),
        pytest.param(404, "rest_post_invalid_id", Unavailable, id="vanished"),
        pytest.param(410, "rest_already_trashed", Unavailable, id="trashed meanwhile"),
        pytest.param(429, "", Unavailable, id="too many"),
        pytest.param(500, "internal_server_error", Unavailable, id="broken"),
        pytest.param(503, "", Unavailable, id="maintenance"),
    ],
)
async def test_what_the_site_says_is_what_is_raised(
    stand: StandIn, what: str, status: int, code: str, error: type[Exception]
) -> None:
    told = {"code": code, "message": "why\x1b not", "data": {"params": {"slug": "Invalid."}}}
    text = json.dumps(told) if code else "<html>why not"
    stand.says[what] = [web.Response(status=status, text=text, headers={"Retry-After": "120"})]
    with pytest.raises(error, match=rf"^HTTP {status} .*why.*not") as raised:
        await send(stand)
    assert raised.type is error
    assert not isinstance(raised.value, Gone)
    if status in (429, 503):
        assert getattr(raised.value, "retry_after", None) == timedelta(minutes=2)
    assert not stand.items["posts"]


@pytest.mark.parametrize(("status", "code"), [(400, "rest_invalid_param"), (413, "")])
@pytest.mark.parametrize(("what", "error"), [("POST posts", Refused), ("GET posts", Denied)])
async def test_only_a_post_can_be_refused(
    stand: StandIn, what: str, error: type[Exception], status: int, code: str
) -> None:
    told = {"code": code, "message": "Invalid", "data": {"params": {"title": "Invalid."}}}
    stand.says[what] = [web.Response(status=status, text=json.dumps(told) if code else "<html>Invalid")]
    with pytest.raises(error, match=f"HTTP {status} .*Invalid"):
        await send(stand)


@pytest.mark.parametrize("text", ["<br />Warning", "", "[" * 100_000, "7", '{"id": 1}', "[7]"])
async def test_what_is_not_wordpress_needs_a_person(stand: StandIn, text: str) -> None:
    stand.says["GET posts"] = [web.Response(text=text)]
    with pytest.raises(Denied):
        await send(stand)


@pytest.mark.parametrize("what", ["front", "GET posts", "POST posts"])
@pytest.mark.parametrize("answer", [hang, hang_up])
async def test_silence(stand: StandIn, what: str, answer: Any) -> None:
    stand.says[what] = [answer, answer]  # aiohttp itself asks again what is only a question
    with pytest.raises(Unavailable) as raised:
        await send(stand, timeout=0.4)
    stand.says.clear()
    assert raised.value.unknown or what != "POST posts"
    await send(stand)
    assert len(stand.items["posts"]) == 1


async def test_an_answer_without_end_is_bounded(stand: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(status=statuses.pop())
        await stream.prepare(request)
        while True:
            await stream.write(b"x" * 65536)

    monkeypatch.setattr("channels.wordpress.api.ANSWER_LIMIT", 1_000_000)
    statuses = [200, 500]
    for says in ("HTTP 500 x", "no answer"):
        stand.says["GET posts"] = [endless]
        with pytest.raises(Unavailable, match=says):
            await send(stand)


async def test_nobody_there_is_a_blip(nobody: int) -> None:
    stand = StandIn(url=f"http://127.0.0.1:{nobody}/")
    with pytest.raises(Unavailable) as raised:
        await send(stand)
    assert raised.value.blip


async def test_a_private_address_is_denied_before_anything_is_sent(stand: StandIn) -> None:
    url = stand.url.replace("http:", "https:")
    with pytest.raises(Denied, match="allow_private = true"):
        await send(stand, url=url, allow_private=False)
    assert not stand.connections


async def test_the_password_goes_to_one_place_only(stand: StandIn, receiver: HttpReceiver) -> None:
    link = {"Link": f'<{receiver.url}/wp-json/>; rel="https://api.w.org/"'}
    stand.says["front"] = [web.Response(headers=link)]
    with pytest.raises(Denied, match="not the url"):
        await send(stand)
    assert not receiver.got


async def test_a_site_that_hides_its_api_is_asked_at_the_usual_place(stand: StandIn) -> None:
    stand.says["front"] = [web.Response()]
    await send(stand)
    assert len(stand.items["posts"]) == 1


async def test_the_address_of_the_api_may_be_told(site: Site) -> None:
    api = f"{site.url}?rest_route=/" if site.plain else f"{site.url}wp-json/"
    await send(site, api=api)
    assert len(await site.posts()) == 1


async def test_a_language_plugin_is_told_the_language(stand: StandIn) -> None:
    given = story(language="zh-Hans")
    await send(stand, given, language_field="lang")
    await send(stand, given, language_field="lang", language_codes={"zh-Hans": "cn"})
    assert [post["lang"] for post in stand.items["posts"].values()] == ["cn"]


async def test_an_author_may_be_told(stand: StandIn) -> None:
    await send(stand, author=7)
    assert [post["author"] for post in stand.items["posts"].values()] == [7]


async def test_one_connection_serves_many_stories(stand: StandIn) -> None:
    async with WordPress(settings_for(stand)) as channel:
        await channel.check()
        before = len(stand.connections)
        for n in range(5):
            await channel.send(story(slug=f"s{n}", uri=f"tag:e.org,2021:s{n}/ru"), KEY)
    assert (len(stand.items["posts"]), len(stand.connections)) == (5, before)


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"lone surrogate"}))
async def test_whatever_a_feed_says_arrives_harmlessly(site: Site, name: str) -> None:
    await send(site, HOSTILE[name])
    await send(site, HOSTILE[name])
    (post,) = await site.posts()
    shown = json.dumps([post["title"]["rendered"], post["excerpt"]["rendered"]])
    assert "<script" not in shown
    assert "\\u0000" not in shown


async def test_the_sites_shortcodes_are_not_called(site: Site) -> None:
    text = "[gallery] [caption width=1]x[/caption]"
    await send(site, story(headline=text, summary=text, body=f'<p title="[gallery]">{text}</p>'))
    (post,) = await site.posts()
    assert "gallery" in post["content"]["rendered"]
    assert "[gallery]" not in post["content"]["raw"]
    assert post["title"]["raw"] == text


async def test_line_breaks_of_the_markup_are_none_of_the_text(site: Site) -> None:
    await send(site, story(body="<p>one\ntwo\n\nthree</p>\n<pre>a\nb</pre>"))
    (post,) = await site.posts()
    assert "<p>one two three</p>" in post["content"]["raw"].replace("  ", " ")
    assert "<pre>a\nb</pre>" in post["content"]["raw"]


async def test_text_that_utf_8_cannot_carry_is_refused(stand: StandIn) -> None:
    with pytest.raises(Refused, match="UTF-8"):
        await send(stand, HOSTILE["lone surrogate"])
    assert not stand.items["posts"]
    await send(stand, story(categories=("\ud800", "a\ud800b")), tags=True, create_terms=True)
    assert [term["name"] for term in stand.items["tags"].values()] == ["ab"]


def test_slugs_are_plain_and_tell_stories_apart() -> None:
    slugs = ["a-b", "a.b", "A-b", "a_b", "a--b", "-a-b", "../a", "отчёт", "x" * 300, "x" * 301, ""]
    made = [slug(story(slug=given)) for given in slugs]
    assert made[0] == "a-b-ru"
    assert len(set(made)) == len(slugs)
    assert all(len(given) < 200 and given.isascii() and given == given.lower() for given in made)


async def test_a_check_says_who_is_known_and_leaves_nothing(site: Site) -> None:
    async with WordPress(settings_for(site, media="upload")) as channel:
        told = await channel.check()
    assert told.startswith("127.0.0.1 knows ")
    assert not await site.posts()


async def test_a_wrong_password_is_denied(site: Site) -> None:
    wrong = replace(site, password="wrong")
    for given in (STORY, WITHDRAWN):
        with pytest.raises(Denied, match=r"HTTP 40[01] "):
            await send(wrong, given)
    async with WordPress(settings_for(wrong)) as channel:
        with pytest.raises(Denied, match="HTTP 401"):
            await channel.check()


async def test_a_check_finds_out_what_the_user_may_not(stand: StandIn) -> None:
    stand.capabilities -= {"publish_posts", "upload_files", "manage_categories"}
    async with WordPress(settings_for(stand)) as channel:
        with pytest.raises(Denied, match=r"may not publish_posts$"):
            await channel.check()
    more = {"status": "draft", "media": "upload", "create_terms": True, "categories": {"Union": "New"}}
    async with WordPress(settings_for(stand, **more)) as channel:
        with pytest.raises(Denied, match=r"may not upload_files, manage_categories$"):
            await channel.check()


async def test_a_contributor_of_wordpress_itself_may_not_publish(itself: Itself) -> None:
    async with watched(itself, "contributor") as site, WordPress(settings_for(site)) as channel:
        with pytest.raises(Denied, match="may not publish_posts"):
            await channel.check()
        with pytest.raises(Denied, match="HTTP 403 rest_cannot_publish"):
            await channel.send(STORY, KEY)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"url": "http://e.org/"}, "use https"),
        ({"url": "https://me:pw@e.org/"}, "user and password"),
        ({"api": "https://other.org/wp-json/"}, "one place only"),
        ({"user": "a:b"}, "colon"),
        ({"language_field": "a&b"}, "pattern"),
        ({"password": "in the open"}, "secret"),
        ({"author": 0}, "greater than 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(more: dict[str, Any], says: str) -> None:
    given = {"type": "wordpress", "url": "https://e.org/", "user": "u", "password": {"env": "NONE"}}
    with pytest.raises(ValidationError, match=says):
        WordPressSettings.model_validate(given | more)


async def test_the_password_is_shown_nowhere(stand: StandIn) -> None:
    settings = settings_for(stand)
    stand.says["GET posts"] = [web.Response(status=500)]
    login = basic(stand.user, stand.password).removeprefix("Basic ")
    with pytest.raises(Unavailable) as raised:
        await send(stand)
    for secret in (stand.password, login):
        assert secret not in f"{settings!r} {raised.value} {raised.value.__cause__!r}"
