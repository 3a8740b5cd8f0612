"""Posts on a WordPress site: made once, then changed in place, into the trash when withdrawn."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Self, TypeVar

from channels.answers import tidy
from channels.channel import ChannelError, Denied, Gone, Refused, Unavailable
from channels.filenames import safe
from channels.media_cache import MediaCache
from channels.story import IdempotencyKey, Receipt, Story
from channels.wordpress import content
from channels.wordpress.api import Answered, Api
from channels.wordpress.library import Library, Shelf
from channels.wordpress.settings import WordPressSettings
from channels.wordpress.terms import Terms

STATUSES = "publish,future,draft,pending,private,trash"
FIELDS = "id,link,slug,status"
WITH_TEXT = f"{FIELDS},content.raw"
"""Where the marks are to be seen; a text goes both ways only then."""
NUMBERS = 10
"""Up to which one is looked for."""
TRASHED = "__trashed"
"""What WordPress puts behind the slug of a post in the trash."""
WITHDRAWN = "<!-- withdrawn by distributor -->"

WORD = re.compile(r"[a-z0-9]+")
PLAIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

Post = Mapping[str, Any]
Answer = TypeVar("Answer")


class WordPress:
    """Finds its post again by a slug and a mark in its text, so that nothing is to be remembered here.

    A repeat, after a crash too, changes the post that is there. What a site's editors have set since (status,
    categories, tags) stays; a text that they changed is replaced by the next version's. A post that they put
    in the trash is left there.
    """

    Settings = WordPressSettings

    def __init__(
        self, settings: WordPressSettings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.settings = settings
        self.api = Api(settings, clock)
        self.terms = Terms(self.api)
        self.media_cache: MediaCache | None = None
        self.library: Library
        self.stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.stack.enter_async_context(self.api)
        self.library = await self.stack.enter_async_context(Library(self.api, self.media_cache))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stack.aclose()

    async def send(self, story: Story, key: IdempotencyKey, number: int = 0) -> Receipt:
        """Make the story's post, or change it. Raises: Unavailable, Refused, Denied."""
        withdrawn = story.pub_status == "canceled"
        return await self._within(self._withdraw(story) if withdrawn else self._post(story))

    async def check(self) -> str:
        """Logs in and looks what the user may do. Raises: Unavailable, Denied."""
        return await self._within(self._look())

    async def _within(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """The whole of it in its time. Raises: Unavailable, Refused, Denied."""
        try:
            async with asyncio.timeout(self.settings.timeout.total_seconds()):
                return await work
        except Answered as e:
            self.terms.forget()
            raise _meaning(e) from e
        except TimeoutError as e:
            raise Unavailable(f"{self.settings.url.host} is too slow", unknown=True) from e
        except (LookupError, TypeError, ValueError) as e:
            raise Denied(f"{self.settings.url.host} does not answer as WordPress does") from e

    async def _post(self, story: Story) -> Receipt:
        found = await self._find(story)
        if found is None:
            return await self._create(story)
        if WITHDRAWN in found["content"]["raw"]:
            restored = {"status": self.settings.status, **await self.terms.of(story)}
            return await self._change(found, story, restored)
        if found["status"] == "trash":
            return _receipt("left in the trash, where somebody there put it", found)
        return await self._change(found, story, {})

    async def _create(self, story: Story) -> Receipt:
        shelf = await self._shelf(story)
        fields = self._fields(story, shelf) | await self.terms.of(story) | {"status": self.settings.status}
        made = await self.api.post("posts", fields, context="edit", _fields=FIELDS)
        # Another attempt may have made one at the same time: WordPress knows no key and no lock.
        kept = await self._find(story, made) or made
        if kept["id"] != made["id"]:
            return await self._change(kept, story, {})
        return _receipt(f"{made['status']}{_missing(shelf)}", made)

    async def _change(self, found: Post, story: Story, more: Mapping[str, Any]) -> Receipt:
        """Status, categories and tags stay as they are there, unless `more` says so."""
        shelf = await self._shelf(story)
        fields = {**self._fields(story, shelf), **more}
        made = await self.api.post(f"posts/{int(found['id'])}", fields, context="edit", _fields=FIELDS)
        return _receipt(f"changed, {made['status']}{_missing(shelf)}", made)

    async def _withdraw(self, story: Story) -> Receipt:
        found = await self._find(story)
        if found is None:
            return Receipt("never was there")
        if found["status"] == "trash":
            return _receipt("is in the trash", found)
        # The note tells our withdrawal from somebody's who does not want the post at all.
        note = {"content": f"{WITHDRAWN}{found['content']['raw']}"}
        await self.api.post(f"posts/{int(found['id'])}", note, _fields="id")
        try:
            gone = await self.api.delete(f"posts/{int(found['id'])}", context="edit", _fields=FIELDS)
        except Answered as e:
            if e.code == "rest_already_trashed":
                return _receipt("is in the trash", found)
            if e.code != "rest_trash_not_supported":
                raise
            draft = {"status": "draft"}
            gone = await self.api.post(f"posts/{int(found['id'])}", draft, context="edit", _fields=FIELDS)
        return _receipt(gone["status"], gone)

    async def _find(self, story: Story, made: Post | None = None) -> Post | None:
        """The story's post, one in the trash only where there is no other.

        Of several live ones, `made` just now among them, one is left.

        Raises: Refused where a post has its place that is not ours.
        """
        wanted = slug(story)
        # With a number where the place was taken, by another attempt or a post that our user may not see.
        numbered = (wanted, *(f"{wanted}-{n}" for n in range(2, NUMBERS)))
        names = [name + end for name in numbered for end in ("", TRASHED)]
        posts: list[Post] = await self.api.get(
            "posts", slug=",".join(names), status=STATUSES, context="edit", per_page="100", _fields=WITH_TEXT
        )
        ours = [post for post in posts if content.mark(story) in post["content"]["raw"]]
        other = next((post for post in posts if post["slug"] == wanted), None)
        if other and not ours and not made:
            raise Refused(f"post {other['id']} is called {wanted} and is not ours, or its mark was taken out")
        ours += [made] if made and made["id"] not in [post["id"] for post in ours] else []
        ours.sort(key=lambda post: (post["status"] == "trash", post["slug"] != wanted, post["id"]))
        for post in ours[1:]:
            if post["status"] != "trash":
                await self._remove(post)
        return ours[0] if ours else None

    async def _remove(self, post: Post) -> None:
        # Another attempt may be quicker, which has several codes there; what is left is found next time.
        with suppress(Answered):
            await self.api.delete(f"posts/{int(post['id'])}", force="true")

    async def _shelf(self, story: Story) -> Shelf:
        return await self.library.shelve(story) if self.settings.media != "link" else Shelf()

    def _fields(self, story: Story, shelf: Shelf) -> dict[str, Any]:
        s = self.settings
        fields: dict[str, Any] = {
            "title": content.title(story),
            "content": content.content(story, shelf.lead, shelf.urls),
            "excerpt": content.excerpt(story),
            "slug": slug(story),
        }
        if shelf.featured:
            fields["featured_media"] = shelf.featured
        if s.author:
            fields["author"] = s.author
        if s.language_field:
            fields[s.language_field] = s.language_code(story.language)
        return fields

    async def _look(self) -> str:
        me = await self.api.get("users/me", context="edit", _fields="id,name,capabilities")
        may = me["capabilities"]
        missing = [name for name in self._needed() if not may.get(name)]
        if missing:
            raise Denied(tidy(f"the user {self.settings.user} may not {', '.join(missing)}"))
        return tidy(f"{self.settings.url.host} knows {me['name']}, who may {', '.join(self._needed())}")

    def _needed(self) -> list[str]:
        """https://wordpress.org/documentation/article/roles-and-capabilities/"""
        s = self.settings
        named = any(isinstance(category, str) for category in s.categories.values())
        published = ["publish_posts", "edit_published_posts", "delete_published_posts"]
        return [
            "edit_posts",
            "delete_posts",
            *(published if s.status == "publish" else []),
            *(["upload_files"] if s.media != "link" else []),
            *(["manage_categories"] if s.create_terms and named else []),
            *(["edit_others_posts"] if s.author else []),
        ]


def slug(story: Story) -> str:
    """The same for all versions, in what WordPress leaves as it is (`sanitize_title`)."""
    return f"{_plain(story.slug)}-{_plain(story.language.lower())}"


def _plain(part: str) -> str:
    """`part` where it is plain; else what is left of it, and a hash that tells it from others like it."""
    name = safe(part)
    if PLAIN.fullmatch(name):
        return name
    return "-".join(
        (*WORD.findall(name.lower()), sha256(part.encode(errors="surrogatepass")).hexdigest()[:16])
    )


def _meaning(answered: Answered) -> ChannelError:
    """Where WordPress' own code says more than its status."""
    if answered.code == "rest_post_invalid_id":  # it was there when we looked, and may be made anew
        return Unavailable(str(answered))
    if answered.code == "rest_invalid_author":  # 400, but it is the settings' fault, not the story's
        return Denied(str(answered))
    if isinstance(answered.error, Gone):  # 410 there speaks of one post, never of the site
        return Unavailable(str(answered))
    return answered.error


def _receipt(said: str, post: Post) -> Receipt:
    return Receipt(tidy(f"post {post['id']}: {said}"), remote_id=str(post["id"]), url=str(post["link"]))


def _missing(shelf: Shelf) -> str:
    return f", without {shelf.missing} of its pictures" if shelf.missing else ""
