"""Which engine translates a pair: one elsewhere that the configuration names, else the models here."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Self

from distributor import bcp47
from distributor.translation.documents.align import Translation
from distributor.translation.engines.engine import Engine
from distributor.translation.engines.libretranslate import LibreTranslate

Pair = tuple[str, str]


class Engines:
    """Opened and closed as a context; `can` and `named` need no opening. `remotes`: by pair, BCP 47."""

    def __init__(self, local: Engine, remotes: Mapping[Pair, LibreTranslate]) -> None:
        self.local = local
        self.remotes = dict(remotes)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for remote in dict.fromkeys(self.remotes.values()):
            await self._stack.enter_async_context(remote)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()
        await asyncio.to_thread(self.local.close)

    def can(self, source: str, target: str) -> bool:
        """Whether somebody has the pair."""
        return self._remote(source, target) is not None or self.local.can(source, target)

    def named(self, source: str, target: str) -> str:
        """For the record: `argos en_ru 1.9`, `libretranslate localhost:5000`. Raises: PairMissing."""
        remote = self._remote(source, target)
        return f"libretranslate {remote.host}" if remote else self.local.named(source, target)

    def refresh(self) -> None:
        """Look again what is installed here."""
        self.local.refresh()

    async def translate(
        self,
        sentences: Sequence[str],
        source: str,
        target: str,
        *,
        tied: Collection[str] | None = None,
        urgency: int = 5,
        careful: bool = False,
    ) -> list[Translation]:
        """As `Engine.translate`; one elsewhere gives no ties, nor can it be told to be careful."""
        if remote := self._remote(source, target):
            return await remote.translate(sentences, source, target)
        return await self.local.translate(
            sentences, source, target, tied=tied, urgency=urgency, careful=careful
        )

    def _remote(self, source: str, target: str) -> LibreTranslate | None:
        for (its_source, its_target), remote in self.remotes.items():
            if bcp47.same(its_source, source) and bcp47.same(its_target, target):
                return remote
        return None
