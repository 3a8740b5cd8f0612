"""A document's translation, and what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from distributor.article import Content
from distributor.markup import plain
from distributor.translation.checks import Doubt
from distributor.translation.documents.content import Job
from distributor.translation.interpreter import Judge, Said

SHOWN = 3
"""Doubts that are told in the line for editors; all are kept."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`doubts`: each with its sentence and translation; both empty where it is the whole text."""

    content: Content
    doubts: tuple[tuple[str, str, Doubt], ...]
    origin: Literal["machine", "edited"]
    sentences: tuple[tuple[str, str], ...]
    """Each sentence and its translation, in the document's order."""

    def as_data(self) -> tuple[dict[str, Any], ...]:
        """sentence, translation, kind, what of each doubt."""
        return tuple(
            {"sentence": sentence, "translation": translation, "kind": doubt.kind, "what": doubt.what}
            for sentence, translation, doubt in self.doubts
        )

    def reason(self) -> str:
        """A line for editors; empty where there are no doubts."""
        told = [f"{doubt.kind}: {doubt.what}" for _, _, doubt in self.doubts]
        more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        return "; ".join(told[:SHOWN]) + more


def verdict(job: Job, said: Mapping[str, Said], judge_text: Judge) -> Verdict:
    """The document of `job`, of what was said of its sentences; as a whole it is judged by `judge_text`."""
    its = {sentence: said[sentence] for sentence in dict.fromkeys(job.sentences)}
    content = job.finish([said[sentence].translation for sentence in job.sentences])
    found = [(s, one.translation.text, doubt) for s, one in its.items() for doubt in one.doubts]
    edited = any(one.edited for one in its.values())
    if not edited:
        whole = judge_text(_text(job.content), _text(content), job.content.language, job.target)
        found += [("", "", doubt) for doubt in whole]
    pairs = tuple((sentence, said[sentence].translation.text) for sentence in job.sentences)
    return Verdict(content, tuple(found), "edited" if edited else "machine", pairs)


def _text(content: Content) -> str:
    return f"{content.headline}\n{content.summary}\n{plain(content.body)}"
