"""The members' profiles in docs/members.md, run as they stand: the service between the edition and receivers
on loopback. Replaced are only addresses, logins, and what lets a channel to this machine."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import asyncssh
import pytest
from aiohttp import web
from certificates import make_certificate
from drops import Bucket, Drop, s3_server, sftp_server
from lxml import etree
from receivers import HttpReceiver, MailServer, http_receiver, mail_server
from standardwebhooks import Webhook
from wordpress_stand_in import StandIn, stand_in

from channels.formats import newsml_g2
from distributor import hours
from distributor.config import parse
from distributor.events import Events
from distributor.ledger import articles, views
from distributor.ledger.urgency import make_urgent
from distributor.service import Service, opened

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "distributor" / "sample"
BLOCK = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLASH = "weekly-edition-2021-51-05"
TOKYO = ZoneInfo("Asia/Tokyo")
LETTERS = {"ru": "[а-яё]", "ja": "[ぁ-んァ-ヶ]", "zh-Hans": "[\u4e00-\u9fff]", "it": r"\b(della|il|le|i)\b"}
PRIVATE = {"allow_private": True}
SECRET = "whsec_" + 40 * "s"
ENVIRONMENT = {
    **dict.fromkeys(("SPUTNIK_SECRET", "PRNEWSWIRE_SECRET", "CLARIVATE_SECRET"), SECRET),
    **dict.fromkeys(("SPUTNIK_PASSWORD", "SMTP_PASSWORD", "CLARIVATE_S3"), "secret"),
    "PRNEWSWIRE_TOKEN": "Bearer t0ken",
    "JST_TOKEN": "j" * 48,
    "ICGEB_WORDPRESS": StandIn.password,
}


def profiles() -> dict[str, Any]:
    """All that docs/members.md shows, as one configuration."""
    whole: dict[str, Any] = {"members": []}
    for block in BLOCK.findall((ROOT / "docs" / "members.md").read_text("utf-8")):
        told = tomllib.loads(block)
        whole["members"] += told.pop("members")
        whole |= told
    return whole


@dataclass
class Ends:
    """The members' receivers; they keep what arrived when they are gone."""

    flash: HttpReceiver
    releases: HttpReceiver
    records: HttpReceiver
    posts: HttpReceiver
    mail: MailServer
    drop: Drop
    bucket: Bucket
    site: StandIn
    host_key: str
    ca: str
    edition: str
    feed: str = ""
    soon: list[EmailMessage] = field(default_factory=list)
    """Mails to JST before the next digest was due."""
    states: dict[str, int] = field(default_factory=dict)

    def places(self) -> dict[str, dict[str, Any]]:
        """By lane, what stands in place of the profile's addresses and logins."""
        trusting = {**PRIVATE, "ca": self.ca}
        relay = {"host": "127.0.0.1", "port": self.mail.port, "ca": self.ca}
        endpoint = f"https://127.0.0.1:{self.bucket.port}"
        store = {"endpoint": endpoint, "bucket": "wire", "path_style": True, "access_key": "AKIAWIRE"}
        ssh = {"host": "127.0.0.1", "port": self.drop.port, "username": "wire", "host_key": self.host_key}
        pictures = {**PRIVATE, "picture_allow_private": True}
        return {
            "sputnik/sftp": ssh | PRIVATE,
            "sputnik/flash": {"url": self.flash.url, **trusting},
            "prnewswire/webhook": {"url": self.releases.url, **trusting},
            "prnewswire/email": relay | PRIVATE,
            "jst/email": relay,
            "jst/feed": {},
            "clarivate/webhook": {"url": self.records.url, **trusting},
            "clarivate/s3": store | trusting | {"media_allow_private": True},
            "icgeb/wordpress": {"url": self.site.url, "user": "wire", **PRIVATE, "media_allow_private": True},
            "icgeb/mastodon": pictures,
            "icgeb/telegram": pictures,
        }

    def mails(self, to: str) -> list[EmailMessage]:
        return [mail for recipients, mail in self.mail.got if recipients == [to]]


@asynccontextmanager
async def receiving(folder: Path) -> AsyncIterator[Ends]:
    certificate = make_certificate(folder / "tls")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    for name in ("sftp", "s3"):
        (folder / name).mkdir()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        yield Ends(
            *[await enter(http_receiver(tls)) for _ in range(3)],
            await enter(http_receiver()),
            await enter(mail_server(starttls=tls, login=True)),
            await enter(sftp_server(folder / "sftp", host_key)),
            await enter(s3_server(folder / "s3", certificate)),
            await enter(stand_in()),
            host_key.get_fingerprint(),
            str(certificate / "cert.pem"),
            await enter(edition()),
        )


@asynccontextmanager
async def edition() -> AsyncIterator[str]:
    """The sample edition, with its pictures and its PDF, on a web server."""
    app = web.Application()
    app.add_routes([web.static("/", str(SAMPLE))])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def configured(folder: Path, ends: Ends) -> dict[str, Any]:
    whole, places = profiles(), ends.places()
    for member in whole["members"]:
        for channel in member["channels"]:
            channel |= places.pop(f"{member['id']}/{channel.get('name', channel['type'])}")
    assert not places
    source = {"name": "weekly-edition", "url": f"{ends.edition}/edition.xml", "backfill": "all", **PRIVATE}
    whole["web"] |= {"listen": "127.0.0.1:0"}
    storage = f"sqlite+aiosqlite:///{folder}/ledger.db"
    return whole | {"storage": storage, "sources": [source], "media": {"cache": f"{folder}/media"}}


async def play(folder: Path, environment: pytest.MonkeyPatch) -> Ends:
    """The edition comes in, an editor makes a flash of one item, all goes out; then it is nine in Tokyo."""
    async with receiving(folder) as ends:
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        for name in ("mastodon", "telegram"):
            address = ends.posts.url.replace("http:", "json:").replace("/hook", f"/{name}")
            environment.setenv(f"ICGEB_{name.upper()}_URL", address)
        async with opened(parse(configured(folder, ends)), Events()) as service:
            stop, now = asyncio.Event(), service.ledger.now()
            await service.once(stop, ["sources"])
            flash = await service.ledger.read(articles.find, FLASH)
            await service.ledger.write(make_urgent, flash.id, 1, service.intakes[0].routes, "anna", now)
            await service.once(stop, ["translation", "delivery"])
            nine = hours.times("mon-fri 09:00").next(now, TOKYO)
            await deliver_at(service, nine - timedelta(seconds=1))
            ends.soon = ends.mails("desk@jst.example")
            await deliver_at(service, nine)
            ends.states = await service.ledger.read(views.by_state)
            ends.feed = await fetched(service)
    return ends


async def deliver_at(service: Service, instant: datetime) -> None:
    service.courier.now = lambda: instant
    await service.courier.run(asyncio.Event(), until_idle=True)


async def fetched(service: Service) -> str:
    """JST's feed, as it stands at its private address."""
    stop = asyncio.Event()
    assert service.web
    serving = asyncio.create_task(service.run(stop, ["web"]))
    while not service.web.port:
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{service.web.port}/members/{ENVIRONMENT['JST_TOKEN']}/ja.json"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        text = await answer.text()
    stop.set()
    await serving
    return text


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    with pytest.MonkeyPatch.context() as environment:
        yield asyncio.run(play(tmp_path_factory.mktemp("members"), environment))


def test_all_of_it_arrived(ends: Ends) -> None:
    assert ends.states == {"delivered": 86}


def verified(receiver: HttpReceiver) -> list[dict[str, Any]]:
    """The items, as a member would read them: not without their signatures."""
    return [Webhook(SECRET).verify(one.body.decode(), dict(one.headers)) for one in receiver.got]


def languages(receiver: HttpReceiver) -> Counter[str]:
    return Counter(one.headers["Content-Language"] for one in receiver.got)


def reads(language: str, text: str) -> bool:
    return bool(re.search(LETTERS[language], text.lower()))


# --- Sputnik ---


def test_sputnik_has_newsml_in_a_directory_for_each_language(ends: Ends) -> None:
    names = ends.drop.names()
    assert Counter(name.split("/")[1] for name in names) == {"ru": 7, "en": 7}
    for name in names:
        assert re.fullmatch(r"incoming/(ru|en)/2021-12-\d\d-[a-z0-9-]+\.\1\.newsml\.xml", name)
        item = etree.fromstring(ends.drop.bytes(name))
        assert item.tag == f"{{{newsml_g2.NAMESPACE}}}newsItem"
        headline = item.findtext(
            f"{{{newsml_g2.NAMESPACE}}}contentMeta/{{{newsml_g2.NAMESPACE}}}headline", ""
        )
        assert reads("ru", headline) is ("/ru/" in name)


def test_sputnik_hears_of_a_flash_at_once_and_of_nothing_else(ends: Ends) -> None:
    items = verified(ends.flash)
    assert languages(ends.flash) == {"ru": 1, "en": 1}
    assert {item["urgency"] for item in items} == {1}
    [in_english] = [item for item in items if item["language"] == "en"]
    assert in_english["headlines"][0]["value"] == "Union of science media opens its first conference"


# --- PR Newswire ---


def test_pr_newswire_has_ninjs_with_multimedia_in_both_languages(ends: Ends) -> None:
    items = verified(ends.releases)
    assert languages(ends.releases) == {"en": 7, "zh-Hans": 7}
    assert {one.headers["Authorization"] for one in ends.releases.got} == {"Bearer t0ken"}
    media = Counter(name for item in items for name in hrefs(item))
    assert {name.rpartition(".")[2] for name in media} == {"jpg", "pdf"}
    assert all(name.startswith(f"{ends.edition}/media/") for name in media)
    assert all(count == 2 for count in media.values())
    assert all(reads("zh-Hans", i["headlines"][0]["value"]) for i in items if i["language"] == "zh-Hans")


def hrefs(item: dict[str, Any]) -> list[str]:
    its = [renditions for other in item["associations"] if (renditions := other.get("renditions"))]
    return [rendition["href"] for renditions in its for rendition in renditions]


def test_pr_newswires_mails_carry_the_pictures_and_the_report(ends: Ends) -> None:
    mails = ends.mails("desk@prnewswire.example")
    assert Counter(mail["Content-Language"] for mail in mails) == {"en": 7, "zh-Hans": 7}
    parts = Counter(part.get_content_type() for mail in mails for part in mail.walk())
    assert parts["application/pdf"] == 2
    assert parts["image/jpeg"] == len([n for i in verified(ends.releases) for n in hrefs(i) if "jpg" in n])


# --- JST ---


def test_jst_has_the_flash_at_once_and_the_rest_in_the_morning(ends: Ends) -> None:
    [flash] = ends.soon
    flash, morning = ends.mails("desk@jst.example")
    assert [mail["Message-ID"].strip()[:5] for mail in (flash, morning)] == ["<dlv_", "<dgs_"]
    for mail in (flash, morning):
        assert mail["Content-Language"] == "ja"
        assert reads("ja", mail["Subject"])
    text = morning.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.count("https://weekly-edition.example/2021/51/") >= 9
    assert "first-conference" not in text


def test_jsts_feed_has_everything(ends: Ends) -> None:
    feed = json.loads(ends.feed)
    assert (feed["title"], len(feed["items"])) == ("サイエンス・ワイヤー", 10)
    assert all(reads("ja", item["title"]) for item in feed["items"])


# --- Clarivate ---


def test_clarivate_has_signed_json_in_the_order_of_publication_but_for_the_flash(ends: Ends) -> None:
    items = verified(ends.records)
    assert languages(ends.records) == {"en": 5}
    flash, *others = items
    assert flash["urgency"] == 1
    published = [item["firstCreated"] for item in others]
    assert published == sorted(published)
    assert len(ends.records.connections) == 1  # so one came after the other


def test_clarivates_bucket_has_the_reports_pdf_beside_its_item(ends: Ends) -> None:
    names = ends.bucket.names()
    assert all(name.startswith("science-wire/2021/12/") for name in names)
    items = {name: json.loads(ends.bucket.bytes(name)) for name in names if name.endswith(".json")}
    assert len(items) == 5
    beside = {f"{name.rpartition('/')[0]}/{href}" for name, item in items.items() for href in hrefs(item)}
    assert beside == names - items.keys()
    [report] = [name for name in names if name.endswith(".pdf")]
    assert ends.bucket.bytes(report) == (SAMPLE / "media" / "carbon-neutrality-report.pdf").read_bytes()
    puts = [headers for method, _, headers in ends.bucket.got if method == "PUT"]
    assert {headers["x-amz-server-side-encryption"] for headers in puts} == {"AES256"}


# --- ICGEB ---


def test_icgebs_site_has_drafts_with_pictures_in_both_languages(ends: Ends) -> None:
    posts = list(ends.site.items["posts"].values())
    assert Counter(post["lang"] for post in posts) == {"it": 3, "en": 3}
    assert {post["status"] for post in posts} == {"draft"}
    assert all(reads("it", post["content"]["raw"]) for post in posts if post["lang"] == "it")
    [research] = [id_ for id_, term in ends.site.items["categories"].items() if term["name"] == "Research"]
    assert Counter(research in post.get("categories", []) for post in posts) == {True: 2, False: 4}
    assert Counter(bool(post["featured_media"]) for post in posts) == {True: 2, False: 4}


@pytest.mark.parametrize(("account", "language"), [("mastodon", "it"), ("telegram", "en")])
def test_each_of_icgebs_accounts_has_posts_in_its_language(ends: Ends, account: str, language: str) -> None:
    posts = [json.loads(one.body) for one in ends.posts.got if one.path == f"/{account}"]
    assert len(posts) == 3
    assert all(reads("it", f"{p['title']} {p['message']}") is (language == "it") for p in posts)
    assert sum(bool(post["attachments"]) for post in posts) == 1
