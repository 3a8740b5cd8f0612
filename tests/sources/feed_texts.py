"""Feeds in our own words, and the short way to what they say."""

from __future__ import annotations

from distributor.article import Content
from distributor.sources.parse import Feed, parse

URL = "https://wire.example/rss/feed.xml"
MORE = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
)


def rss(inside: str, *, channel: str = "<title>Wire</title><link>https://wire.example/</link>") -> str:
    return f'<rss version="2.0" {MORE}><channel>{channel}{inside}</channel></rss>'


def read(text: str, url: str = URL) -> Feed:
    return parse(text.encode(), url=url)


def only(inside: str, *, url: str = URL) -> Content:
    feed = read(rss(f"<item>{inside}</item>"), url)
    assert not feed.warnings
    [item] = feed.items
    return item.content
