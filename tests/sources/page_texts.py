"""Pages in our own words."""

from __future__ import annotations

TITLE = "Union opens its first conference"
TEASER = (
    "The union of science media opened its first conference, with members from forty countries. Read more…"
)
FIRST = (
    "The union of science media opened its first conference on Tuesday, with members from forty countries."
)
SECOND = (
    "Its president said that the members would share their reports, translate them into each other's "
    "languages and check them together before anything is printed."
)
THIRD = (
    "The next conference is planned for the spring, when the first results of the common archive are to be "
    "shown to all members and to guests from the universities."
)
LONG = f"<p>{FIRST}</p><p>{SECOND}</p><h2>What comes next</h2><p>{THIRD}</p>"
FIGURE = (
    '<figure><img src="/hall.jpg" alt="A full hall"><figcaption>Members in the hall. '
    '<span class="photo-credit">Photo: Bo Chen</span></figcaption></figure>'
)


def page(body: str = LONG, *, head: str = "", title: str = TITLE, language: str = "en") -> str:
    """An article with what stands around it on a site."""
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{title} – Weekly</title>'
        f"{head}</head><body>"
        '<nav><ul><li><a href="/">Home</a></li><li><a href="/space">Space</a></li></ul></nav>'
        f"<main><article><h1>{title}</h1>{body}</article></main>"
        '<aside><h3>More</h3><ul><li><a href="/frogs">Frogs that freeze</a></li></ul></aside>'
        "<footer><p>Weekly, all rights reserved. About us.</p></footer></body></html>"
    )


def json_ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'
