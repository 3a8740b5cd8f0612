"""Categories and tags: names into the site's ids."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape, unescape
from typing import Literal

from channels.story import Story
from channels.wordpress.api import Answered, Api

Taxonomy = Literal["categories", "tags"]
LONGEST = 200
"""Characters of a term's name, which is a column of that width there."""
KEPT = 5000
"""Ids that are remembered."""


class Terms:
    """Remembers the ids that it found; `forget` them when the site has said no."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.settings = api.settings
        self.known: dict[tuple[Taxonomy, str, str], int] = {}

    def forget(self) -> None:
        """One of them may have been removed."""
        self.known.clear()

    async def of(self, story: Story) -> dict[str, list[int]]:
        """The fields `categories` and `tags` of the story's post, without those that are empty.

        Raises: as `Api.get`; as `Api.post` with `create_terms`.
        """
        mapped = [
            self.settings.categories[topic] for topic in story.categories if topic in self.settings.categories
        ]
        ids = {
            "categories": await self._ids("categories", mapped, story),
            "tags": await self._ids("tags", story.categories if self.settings.tags else (), story),
        }
        return {taxonomy: found for taxonomy, found in ids.items() if found}

    async def _ids(self, taxonomy: Taxonomy, wanted: Iterable[int | str], story: Story) -> list[int]:
        """In the order wanted, each once; names that the site does not know are left out."""
        found: dict[int, None] = {}
        for term in wanted:
            known = term if isinstance(term, int) else await self._id(taxonomy, term, story)
            if known:
                found[known] = None
        return list(found)

    async def _id(self, taxonomy: Taxonomy, name: str, story: Story) -> int | None:
        name = " ".join(name.encode(errors="ignore").decode().split())[:LONGEST]
        language = self._language(story)
        key = (taxonomy, name.casefold(), language.get(self.settings.language_field, ""))
        known = self.known.get(key) or (await self._find(taxonomy, name, language) if name else None)
        if not known and name and self.settings.create_terms:
            known = await self._create(taxonomy, name, language)
        if known:
            if len(self.known) >= KEPT:
                self.forget()
            self.known[key] = known
        return known

    def _language(self, story: Story) -> dict[str, str]:
        field = self.settings.language_field
        return {field: self.settings.language_code(story.language)} if field else {}

    async def _find(self, taxonomy: Taxonomy, name: str, language: dict[str, str]) -> int | None:
        """The search finds parts of names too, and looks at them as they are kept: escaped."""
        kept = escape(name, quote=False)
        terms = await self.api.get(taxonomy, search=kept, per_page="100", _fields="id,name", **language)
        same = (term["id"] for term in terms if unescape(term["name"]).casefold() == name.casefold())
        found: int | None = next(same, None)
        return found

    async def _create(self, taxonomy: Taxonomy, name: str, language: dict[str, str]) -> int | None:
        try:
            made = await self.api.post(taxonomy, {"name": name, **language}, _fields="id")
        except Answered as e:
            if e.code != "term_exists":  # made by another attempt meanwhile, or another's spelling of it
                raise
            made = {"id": e.data.get("term_id")}
        known: int | None = made["id"]
        return known
