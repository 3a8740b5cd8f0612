"""For plain text, ours says what argostranslate's own call says: the same model, asked in another way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from distributor.translation.engines.engine import Engine
from distributor.translation.engines.packages import SAMPLES, Packages, samples

PHRASEBOOK = Path(__file__).parents[2] / "tools" / "sample_models" / "phrasebook" / "sentences.en.txt"

# In a process of its own: argostranslate.translate loads its splitter, which must not come into this one.
# Its splitter fetches models when it is first used; here each sentence is given to it as a paragraph.
ARGOS = """
import json, sys
from argostranslate import translate
from argostranslate.package import Package

class Whole:
    def split_sentences(self, text):
        return [text]

package, sentences = Package(__import__("pathlib").Path(sys.argv[1])), json.load(sys.stdin)
its = translate.PackageTranslation.__new__(translate.PackageTranslation)
its.from_lang = its.to_lang = None
its.pkg, its.translator, its.sentencizer = package, None, Whole()
json.dump([its.translate(sentence) for sentence in sentences], sys.stdout)
"""


def argos_own(package: Path, sentences: list[str], scratch: Path) -> list[str]:
    """What it says itself."""
    xdg = {name: str(scratch / name) for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    own = subprocess.run(
        [sys.executable, "-c", ARGOS, str(package)],
        input=json.dumps(sentences),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **xdg, "ARGOS_PACKAGES_DIR": str(scratch / "packages")},
    )
    said: list[str] = json.loads(own.stdout)
    return said


@pytest.mark.parametrize("language", ["ru", "ja", "zh-Hans", "it"])
async def test_two_hundred_sentences_come_out_the_same(tmp_path: Path, language: str) -> None:
    packages = Packages([samples(tmp_path / "samples", SAMPLES)])
    (package,) = packages.route("en", language)
    sentences = PHRASEBOOK.read_text(encoding="utf-8").splitlines()[:200]
    expected = argos_own(package.path, sentences, tmp_path)
    engine = Engine(packages)
    ours = await engine.translate(sentences, "en", language)
    engine.close()
    assert [t.text for t in ours] == expected
