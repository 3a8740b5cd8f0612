"""An item that is none, to see whether a channel works."""

from __future__ import annotations

import secrets
from datetime import datetime

from channels.story import IdempotencyKey, Story
from distributor.desk.desk import Desk


def test_story(desk: Desk, member: str, now: datetime) -> tuple[Story, IdempotencyKey]:
    """A story that says what it is, and a key that is used once."""
    key = IdempotencyKey("dlv_test_" + secrets.token_hex(12))
    uri = f"tag:{desk.config.domain},{now:%Y-%m-%d}:test/{key}"
    told = f"This is a test of the channel to {member}. It is no news: please do not publish it."
    story = Story(
        uri=uri,
        slug=f"test-{key[-12:]}",
        version=1,
        language="en",
        original_language="en",
        origin="original",
        headline="TEST: please ignore",
        summary=told,
        body=f"<p>{told}</p>",
        url=f"https://{desk.config.domain}/",
        source=desk.config.domain,
        published=now,
        updated=now,
        ed_note="Test item",
    )
    return story, key
