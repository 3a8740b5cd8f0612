"""Model folders that were converted for CTranslate2, with SentencePiece files beside them."""

from __future__ import annotations

import json
from pathlib import Path

import ctranslate2
import pytest
import sentencepiece
from tiny_packages import SENTENCES, random_model, tokenizer, write_package

from distributor.errors import TranslationError
from distributor.translation.engines.engine import Engine
from distributor.translation.engines.packages import Installed, Packages, converted

ENGLISH = list(SENTENCES[:3])


def folder(path: Path, *names: str, adds_end: bool = True) -> Path:
    """A converted model with its tokenizer under these names."""
    path.mkdir(parents=True)
    random_model(0).save(str(path))
    config = json.loads((path / "config.json").read_text("utf-8"))
    (path / "config.json").write_text(json.dumps({**config, "add_source_eos": adds_end}), "utf-8")
    for name in names:
        (path / name).write_bytes(tokenizer())
    return path


def engine(*chosen: Installed, packages: Path | None = None) -> Engine:
    return Engine(Packages([packages] if packages else [], chosen))


def raw(path: Path, before: list[str], after: list[str], prefix: list[str]) -> list[str]:
    model = ctranslate2.Translator(str(path))
    pieces = sentencepiece.SentencePieceProcessor(model_proto=tokenizer())
    sources = [[*before, *pieces.encode(s, out_type=str), *after] for s in ENGLISH]
    told = model.translate_batch(
        sources,
        target_prefix=[prefix] * 3 if prefix else None,
        beam_size=4,
        length_penalty=0.2,
        replace_unknowns=True,
        max_decoding_length=2 * max(map(len, sources)) + 32,
    )
    return [pieces.decode(r.hypotheses[0][len(prefix) :]) for r in told]


@pytest.mark.parametrize("names", [("source.spm", "target.spm"), ("sentencepiece.bpe.model",)])
async def test_the_words_are_those_of_the_model_itself(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = folder(tmp_path / "opus", *names)
    ours = engine(converted(path, "en", "es"))
    said = await ours.translate(ENGLISH, "en", "es")
    ours.close()
    assert [t.text for t in said] == raw(path, [], [], [])
    assert all(t.ties for t in said if t.text)
    assert any(t.text for t in said)


async def test_a_model_that_is_not_ended_by_its_config_gets_the_end_mark(tmp_path: Path) -> None:
    path = folder(tmp_path / "marian", "source.spm", "target.spm", adds_end=False)
    ours = engine(converted(path, "en", "es"))
    assert [t.text for t in await ours.translate(ENGLISH, "en", "es")] == raw(path, [], ["</s>"], [])
    ours.close()


async def test_a_multilingual_model_is_told_its_languages(tmp_path: Path) -> None:
    path = folder(tmp_path / "nllb", "sentencepiece.bpe.model")
    tokens = {"source_token": "<s>", "target_token": "__ru__"}
    ours = engine(converted(path, "en", "ru", **tokens))
    said = await ours.translate(ENGLISH, "en", "ru")
    ours.close()
    assert [t.text for t in said] == raw(path, ["<s>"], [], ["__ru__"])
    assert all("__ru__" not in t.text for t in said)


async def test_a_target_in_angle_marks_stands_before_the_text(tmp_path: Path) -> None:
    path = folder(tmp_path / "opus-mul", "source.spm", "target.spm")
    ours = engine(converted(path, "en", "ru", target_token=">>rus<<"))
    assert [t.text for t in await ours.translate(ENGLISH, "en", "ru")] == raw(path, [">>rus<<"], [], [])
    ours.close()


def test_it_goes_before_an_argos_package_of_the_same_pair_and_is_named_for_the_record(tmp_path: Path) -> None:
    write_package(tmp_path / "argos", "en", "ru")
    write_package(tmp_path / "argos", "en", "ja")
    ours = engine(converted(folder(tmp_path / "opus-en-ru"), "en", "ru"), packages=tmp_path / "argos")
    assert ours.named("en", "ru") == "ctranslate2 opus-en-ru"
    assert ours.named("en", "ja") == "argos en_ja 1.0"


def test_a_folder_without_a_model_is_told_and_the_package_serves(tmp_path: Path) -> None:
    write_package(tmp_path / "argos", "en", "ru")
    ours = engine(converted(tmp_path / "gone", "en", "ru"), packages=tmp_path / "argos")
    assert ours.named("en", "ru") == "argos en_ru 1.0"
    assert "gone: holds no model.bin" in ours.packages.faults[0]


async def test_a_folder_without_sentencepiece_says_what_is_missing(tmp_path: Path) -> None:
    ours = engine(converted(folder(tmp_path / "opus"), "en", "ru"))
    with pytest.raises(TranslationError, match=r"source\.spm"):
        await ours.translate(ENGLISH, "en", "ru")
    ours.close()
