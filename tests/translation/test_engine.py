from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import ctranslate2
import pytest
import sentencepiece
from tiny_packages import SENTENCES, tokenizer, write_package

from distributor.errors import PairMissing, TranslationError
from distributor.translation.engines.engine import Engine
from distributor.translation.engines.packages import Packages
from distributor.translation.engines.tuning import Tuning

ENGLISH = SENTENCES[:3]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    write_package(tmp_path, "en", "ru")
    write_package(tmp_path, "it", "en", seed=1)
    write_package(tmp_path, "en", "ja", prefix="__ru__", seed=2)
    engine = Engine(Packages([tmp_path]), Tuning(threads=1))
    yield engine
    engine.close()


async def test_every_sentence_gets_its_own_translation_in_its_place(engine: Engine) -> None:
    all_at_once = await engine.translate([*ENGLISH, ENGLISH[0]], "en", "ru")
    one_by_one = [(await engine.translate([sentence], "en", "ru"))[0] for sentence in ENGLISH]
    assert [t.text for t in all_at_once] == [t.text for t in [*one_by_one, one_by_one[0]]]
    assert len({t.text for t in all_at_once}) > 1


async def test_what_came_from_where_does_not_depend_on_the_other_sentences(engine: Engine) -> None:
    many = await engine.translate(ENGLISH, "en", "ru")
    alone = [(await engine.translate([sentence], "en", "ru"))[0] for sentence in ENGLISH]
    for ours, its in zip(many, alone, strict=True):
        assert [tie[:4] for tie in ours.ties] == [tie[:4] for tie in its.ties]
        assert [tie.weight for tie in ours.ties] == pytest.approx([tie.weight for tie in its.ties], abs=0.01)


async def test_the_words_are_those_of_the_model_itself(engine: Engine, tmp_path: Path) -> None:
    """With the arguments that argostranslate gives to CTranslate2."""
    (package,) = engine.packages.route("en", "ru")
    model = ctranslate2.Translator(str(package.path / "model"))
    pieces = sentencepiece.SentencePieceProcessor(model_proto=tokenizer())
    tokens = [pieces.encode(sentence, out_type=str) for sentence in ENGLISH]
    raw = model.translate_batch(
        tokens, beam_size=4, length_penalty=0.2, replace_unknowns=True, max_decoding_length=60
    )
    expected = [pieces.decode_pieces(r.hypotheses[0]).replace("_", " ").removeprefix(" ") for r in raw]
    ours = await engine.translate(ENGLISH, "en", "ru")
    assert [t.text for t in ours] == expected


async def test_ties_lie_within_both_texts_and_every_visible_word_has_some(engine: Engine) -> None:
    for sentence, said in zip(ENGLISH, await engine.translate(ENGLISH, "en", "ru"), strict=True):
        assert said.ties
        for tie in said.ties:
            assert 0 <= tie.start < tie.end <= len(sentence)
            assert 0 <= tie.to_start < tie.to_end <= len(said.text)
            assert not sentence[tie.start].isspace()


async def test_a_pivot_leads_from_the_first_language_to_the_last(engine: Engine) -> None:
    via = await engine.translate(ENGLISH, "it", "en")
    direct = await engine.translate([t.text for t in via], "en", "ru")
    both = await engine.translate(ENGLISH, "it", "ru")
    assert [t.text for t in both] == [t.text for t in direct]
    for sentence, said in zip(ENGLISH, both, strict=True):
        assert all(tie.end <= len(sentence) and tie.to_end <= len(said.text) for tie in said.ties)


async def test_the_prefix_that_names_the_target_language_is_not_part_of_the_text(engine: Engine) -> None:
    said = await engine.translate(ENGLISH, "en", "ja")
    assert all(not t.text.startswith(("__ru__", "ru", " ")) for t in said)


async def test_without_a_package_it_says_which_command_installs_one(engine: Engine) -> None:
    with pytest.raises(PairMissing, match="distributor models install en it"):
        await engine.translate(ENGLISH, "en", "it")


async def test_a_broken_model_is_an_error_that_names_its_folder_and_spoils_nothing_else(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "translate-en_ja-1.0" / "model" / "model.bin").write_bytes(b"not a model")
    with pytest.raises(TranslationError, match="translate-en_ja"):
        await engine.translate(ENGLISH, "en", "ja")
    assert await engine.translate(ENGLISH, "en", "ru")


@pytest.mark.parametrize("odd", ["", " ", "\x00", "😀", "\u200b", "a" * 300])
async def test_odd_input_is_no_error(engine: Engine, odd: str) -> None:
    (said,) = await engine.translate([odd], "en", "ru")
    assert isinstance(said.text, str)


async def test_no_sentences_are_no_work(engine: Engine) -> None:
    assert await engine.translate([], "en", "ru") == []


async def test_the_loop_goes_on_while_sentences_are_translated(engine: Engine) -> None:
    many = [f"{sentence} {i}" for i in range(100) for sentence in ENGLISH]
    job = asyncio.create_task(engine.translate(many, "en", "ru"))
    turns = 0
    while not job.done():
        await asyncio.sleep(0)
        turns += 1
    assert len(job.result()) == 300
    assert turns > 10


async def test_a_short_job_does_not_wait_for_a_long_one(engine: Engine) -> None:
    many = [f"{sentence} {i}" for i in range(200) for sentence in ENGLISH]
    order: list[str] = []

    async def run(name: str, sentences: list[str]) -> None:
        await engine.translate(sentences, "en", "ru")
        order.append(name)

    await engine.translate(many[:1], "en", "ru")
    long = asyncio.create_task(run("long", many))
    await asyncio.sleep(0)
    await asyncio.gather(run("short", ["a cat"]), long)
    assert order == ["short", "long"]
