"""How we behave at other people's sites: robots.txt, one at a time, pauses. The clock is a number."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from distributor.errors import SourceError, SourceGone
from distributor.sources import manners, robots
from distributor.sources.manners import Manners
from distributor.sources.robots import Rules

PAGE = "https://w.example/2021/union.html"


class Time:
    """Passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Guest:
    """Asks for pages; keeps what it asked, and how many at once."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.time = Time()
        self.manners = Manners(clock=self.time.clock, sleep=self.time.sleep)
        self.rules = rules or Rules()
        self.robots: list[str] = []
        self.within = self.most = 0

    async def ask(self, url: str) -> Rules:
        self.robots.append(url)
        return self.rules

    async def visit(self, url: str = PAGE, error: SourceError | None = None) -> None:
        async with self.manners.turn(url, self.ask):
            self.within += 1
            self.most = max(self.most, self.within)
            await asyncio.sleep(0)
            self.within -= 1
            if error:
                raise error


RULES = """
User-agent: *
Disallow: /

User-agent: distributor
Allow: /
Disallow: /2021/
Allow: /2021/union
Disallow: /*.pdf$
Crawl-delay: 5
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/2020/union", True),
        ("/2021/frogs", False),
        pytest.param("/2021/union.html", True, id="the longest match decides"),
        pytest.param("/files/plan.pdf", False, id="an asterisk and an end"),
        ("/files/plan.pdf?page=1", True),
        pytest.param("/2021/%66rogs", False, id="encoded"),
    ],
)
def test_the_rules_for_us_hold(path: str, allowed: bool) -> None:
    rules = robots.read(b"\xef\xbb\xbf" + RULES.encode())
    assert (rules.refusal(f"https://w.example{path}") == "") is allowed
    assert rules.delay == timedelta(seconds=5)


def test_what_is_no_rule_forbids_nothing() -> None:
    for body in (b"", b"\0\xff" * 100, b"<html>Not found</html>", b"Disallow: /", b"Crawl-delay: inf"):
        assert (robots.read(body).refusal(PAGE), robots.read(body).delay) == ("", timedelta())


@pytest.mark.parametrize(
    ("reason", "open_"),
    [
        (SourceError("HTTP 404", status=404), True),
        (SourceError("HTTP 403", status=403), True),
        (SourceGone("HTTP 410", status=410), True),
        (SourceError("HTTP 429", status=429), False),
        (SourceError("HTTP 503", status=503), False),
        (SourceError("no complete answer within 30 s"), False),
    ],
)
def test_without_robots_txt_all_is_open_if_the_site_says_so_and_nothing_if_it_does_not(
    reason: SourceError, open_: bool
) -> None:
    assert (robots.without(reason).refusal(PAGE) == "") is open_


async def test_what_the_rules_forbid_is_not_asked_for() -> None:
    guest = Guest(Rules("User-agent: *\nDisallow: /2021/"))
    with pytest.raises(SourceError, match=r"robots\.txt forbids it"):
        await guest.visit()
    assert (guest.most, guest.robots) == (0, ["https://w.example/robots.txt"])


async def test_rules_are_asked_for_once_a_day_by_site() -> None:
    guest = Guest()
    for url in (
        PAGE,
        PAGE,
        "https://user:word@w.example/2",
        "http://w.example:8080/3",
        "http://w.example:8080/4",
    ):
        await guest.visit(url)
    assert guest.robots == ["https://w.example/robots.txt", "http://w.example:8080/robots.txt"]
    guest.time.now += 24 * 3600
    await guest.visit()
    assert guest.robots[2:] == ["https://w.example/robots.txt"]


async def test_a_site_whose_rules_cannot_be_read_is_asked_again_soon() -> None:
    guest = Guest(Rules(closed="HTTP 503"))
    for _ in range(2):
        with pytest.raises(SourceError, match="HTTP 503"):
            await guest.visit()
    guest.rules = Rules()
    guest.time.now += 15 * 60
    await guest.visit()
    assert len(guest.robots) == 2


@pytest.mark.parametrize(("delay", "pause"), [("", 1), ("0.1", 1), ("5", 5), ("3600", 30), ("1e400", 1)])
async def test_there_is_a_pause_between_two_requests_as_long_as_the_site_wants_within_bounds(
    delay: str, pause: float
) -> None:
    guest = Guest(Rules(f"User-agent: *\nCrawl-delay: {delay}"))
    for _ in range(3):
        await guest.visit()
    assert guest.time.slept == [1, pause, pause]  # the first after robots.txt


async def test_who_wants_to_be_left_alone_is_and_nobody_waits_for_that() -> None:
    guest = Guest()
    with pytest.raises(SourceError, match="HTTP 429"):
        await guest.visit(error=SourceError("HTTP 429", retry_after=timedelta(minutes=2)))
    slept = list(guest.time.slept)
    with pytest.raises(SourceError, match="does not want to be asked for 120 s"):
        await guest.visit()
    assert guest.time.slept == slept
    guest.time.now += 120
    await guest.visit()


async def test_one_host_is_asked_for_one_thing_at_a_time() -> None:
    guest = Guest()
    await asyncio.gather(*(guest.visit(f"https://w.example:{n}/{n}") for n in range(1, 6)))
    assert guest.most == 1


async def test_several_hosts_are_asked_at_once() -> None:
    guest = Guest()
    guest.time.now = 0.0
    await asyncio.gather(*(guest.visit(f"https://w{n}.example/") for n in range(5)))
    assert guest.most > 1


async def test_hosts_are_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manners, "MOST_HOSTS", 10)
    guest = Guest()
    for n in range(30):
        await guest.visit(f"https://w{n}.example/")
    assert list(guest.manners.hosts) == [f"w{n}.example" for n in range(20, 30)]
