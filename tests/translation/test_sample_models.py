"""The shipped sample models know the sample edition by heart, through the code that any package takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.translation.engines.engine import Engine
from distributor.translation.engines.packages import SAMPLES, Packages, samples

PHRASEBOOK = Path(__file__).parents[2] / "tools" / "sample_models" / "phrasebook"
OF_THE_EDITION = 197  # the first lines of the phrasebook are the edition's sentences
LANGUAGES = {"ru": "ru", "ja": "ja", "zh-Hans": "zh", "it": "it"}


def sentences(code: str) -> list[str]:
    return (PHRASEBOOK / f"sentences.{code}.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return Packages([samples(tmp_path_factory.mktemp("samples"))])


def test_each_is_small_and_says_that_it_is_a_sample(packages: Packages) -> None:
    assert {p.target for p in packages.pairs()} == set(LANGUAGES)
    assert all(p.sample for p in packages.pairs())
    assert all(path.stat().st_size <= 3_000_000 for path in SAMPLES.glob("*.argosmodel"))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_edition_comes_out_as_the_phrasebook_has_it(packages: Packages, language: str) -> None:
    engine = Engine(packages)
    english, expected = sentences("en")[:OF_THE_EDITION], sentences(LANGUAGES[language])[:OF_THE_EDITION]
    translated = await engine.translate(english, "en", language)
    engine.close()
    wrong = [(e, t.text) for e, t in zip(expected, translated, strict=True) if e != t.text]
    assert wrong == []
