"""All of an article's content into another language: what is text is translated, what is fact stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from distributor.article import Content, Media
from distributor.translation.documents.align import Translation
from distributor.translation.documents.document import Document
from distributor.translation.documents.segments import Plain


class Job:
    """`content` into `target` (BCP 47): `sentences` go to the engine, with those of other jobs if there are
    any; what comes back makes the new content."""

    def __init__(self, content: Content, target: str) -> None:
        source = content.language
        self.content, self.target = content, target
        self._headline, self._summary = Plain(content.headline, source), Plain(content.summary, source)
        self._body = Document(content.body, source)
        self._media = [Plain(text, source) for m in content.media for text in (m.title, m.caption, m.alt)]
        self.sentences: tuple[str, ...] = tuple(s for part in self._parts() for s in part.sentences)
        self.marked: frozenset[str] = frozenset(s for part in self._parts() for s in part.marked)

    def finish(self, translations: Sequence[Translation]) -> Content:
        """The content in `target`, of the translations of `sentences` in their order.

        Authors, credits, rights, categories, dates and addresses stay. Raises: ValueError if the
        translations are not as many as the sentences.
        """
        if len(translations) != len(self.sentences):
            raise ValueError(f"{len(translations)} translations of {len(self.sentences)} sentences")
        told = iter(translations)
        headline, summary, body, *rest = (
            part.render(list(islice(told, len(part.sentences))), self.target) for part in self._parts()
        )
        return replace(
            self.content,
            headline=headline,
            summary=summary,
            body=body,
            media=tuple(self._media_with(rest)),
            language=self.target,
        )

    def _parts(self) -> Iterator[Plain | Document]:
        yield from (self._headline, self._summary, self._body)
        yield from self._media

    def _media_with(self, texts: Sequence[str]) -> Iterator[Media]:
        for i, media in enumerate(self.content.media):
            title, caption, alt = texts[3 * i : 3 * i + 3]
            yield replace(media, title=title, caption=caption, alt=alt)
