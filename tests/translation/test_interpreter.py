"""Memory, glossary, checks and second tries, over a real ledger; only the engine is scripted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path

import pytest
from fake_engines import turned

from distributor.errors import PairMissing
from distributor.ledger import memory
from distributor.ledger.ledger import Ledger
from distributor.ledger.memory import Remembered
from distributor.translation.checks import Doubt
from distributor.translation.documents.align import Translation
from distributor.translation.glossary import Glossaries
from distributor.translation.interpreter import Interpreter, Said
from ledger_wire import Clock

ONE, TWO, THREE = "The cat sat here.", "The dog ran, and the bird flew away from it.", "It rained."


class Fake:
    """Turns words round; says a fault in those of `bad` (and only if careful is not enough, in `worse`)."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], bool]] = []
        self.tied: set[str] = set()
        self.bad: set[str] = set()
        self.worse: set[str] = set()
        self.model = "fake 1"

    def can(self, source: str, target: str) -> bool:
        return target == "ru"

    def named(self, source: str, target: str) -> str:
        if not self.can(source, target):
            raise PairMissing(source, target)
        return self.model

    def refresh(self) -> None: ...

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
        self.asked.append((list(sentences), careful))
        self.tied |= set(tied or ())
        faulty = self.worse if careful else self.bad | self.worse
        return [Translation("FAULT") if s in faulty else turned(s) for s in sentences]


def judge(sentence: str, translation: str, *_: str) -> tuple[Doubt, ...]:
    return (Doubt("empty", "it says nothing"),) if "FAULT" in translation else ()


class Room:
    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger, self.engine, self.folder = ledger, Fake(), folder
        self.interpreter = Interpreter(
            ledger, self.engine, Glossaries(folder), judge=judge, judge_text=judge, now=Clock()
        )

    async def say(self, *sentences: str, marked: Collection[str] = ()) -> list[Said]:
        said = await self.interpreter.interpret(sentences, marked, "en", "ru", 5)
        return [said[s] for s in sentences]

    async def correct(self, sentence: str, translation: str) -> None:
        row = Remembered(sentence, translation, "edited")
        await self.ledger.write(memory.remember, "en", "ru", [row], Clock()())

    def glossary(self, term: str, rendering: str) -> None:
        terms = f'[[terms]]\nterm = "{term}"\ntranslation = "{rendering}"\n'
        (self.folder / "ru.toml").write_text(terms, "utf-8")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    (tmp_path / "glossary").mkdir()
    async with Ledger(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield Room(ledger, tmp_path / "glossary")


async def test_a_sentence_is_asked_once_and_then_remembered_with_its_ties(room: Room) -> None:
    first = await room.say(ONE, TWO, ONE, marked={TWO})
    assert room.engine.asked == [([ONE, TWO], False)]
    assert await room.say(ONE, TWO, marked={TWO}) == [Said(Translation(first[0].translation.text)), first[1]]
    assert len(room.engine.asked) == 1


async def test_what_has_changed_alone_goes_to_the_engine(room: Room) -> None:
    """The bar: a correction of one sentence of a long article sends one sentence."""
    article = [f"Sentence number {i} says that it is {i}." for i in range(60)]
    await room.say(*article)
    article[30] = "Sentence number thirty was corrected."
    room.engine.asked.clear()
    await room.say(*article)
    assert room.engine.asked == [([article[30]], False)]


async def test_another_model_is_asked_anew(room: Room) -> None:
    await room.say(ONE)
    room.engine.model = "fake 2"
    await room.say(ONE)
    assert len(room.engine.asked) == 2


async def test_a_sentence_that_has_markup_now_is_asked_again_for_its_ties(room: Room) -> None:
    (plain,) = await room.say(ONE)
    (marked,) = await room.say(ONE, marked={ONE})
    assert marked.translation.ties
    assert marked.translation.text == plain.translation.text
    assert (await room.say(ONE, marked={ONE}))[0] == marked
    assert len(room.engine.asked) == 2


async def test_a_person_s_wording_goes_before_any_model_and_is_not_judged(room: Room) -> None:
    await room.say(ONE)
    await room.correct(ONE, "FAULT, says the editor")
    (said,) = await room.say(ONE, marked={ONE})
    assert (said.translation.text, said.doubts, said.edited) == ("FAULT, says the editor", (), True)
    room.engine.model = "fake 2"
    assert (await room.say(ONE))[0].edited
    assert len(room.engine.asked) == 1


async def test_what_is_in_doubt_is_tried_with_more_care(room: Room) -> None:
    room.engine.bad = {ONE}
    said = await room.say(ONE, TWO)
    assert [careful for _, careful in room.engine.asked] == [False, True]
    assert room.engine.asked[1][0] == [ONE]
    assert [s.doubts for s in said] == [(), ()]


async def test_then_in_pieces_at_its_commas(room: Room) -> None:
    long = "The dog ran over the hill, and the bird flew away from it."
    room.engine.worse = {long}
    (said,) = await room.say(long, marked={long})
    assert room.engine.asked[2] == (["The dog ran over the hill,", "and the bird flew away from it."], True)
    assert said.doubts == ()
    assert said.translation.text == "HILL, THE OVER RAN DOG THE IT. FROM AWAY FLEW BIRD THE AND"
    for tie in said.translation.ties:
        word = long[tie.start : tie.end].upper()
        assert said.translation.text[tie.to_start : tie.to_end] == word


async def test_what_stays_in_doubt_says_why_and_is_not_remembered(room: Room) -> None:
    room.engine.worse = {ONE}
    (said,) = await room.say(ONE)
    assert [d.kind for d in said.doubts] == ["empty"]
    room.engine.worse = set()
    assert (await room.say(ONE))[0].doubts == ()


async def test_a_glossary_s_word_is_put_in_and_a_new_term_asks_only_its_sentences_again(room: Room) -> None:
    await room.say(ONE, TWO, THREE)
    room.glossary("cat", "котофей")
    said = await room.say(ONE, TWO, THREE)
    assert room.engine.asked[1] == ([ONE], False)
    assert "котофей" in said[0].translation.text
    assert "CAT" not in said[0].translation.text
    assert ONE in room.engine.tied


async def test_a_term_that_finds_no_place_is_a_doubt(room: Room) -> None:
    room.glossary("cat", "котофей")
    room.engine.worse = {ONE}
    (said,) = await room.say(ONE)
    assert Doubt("glossary", "cat is not rendered as котофей") in said.doubts


async def test_no_sentences_are_no_work_and_a_missing_pair_is_an_error(room: Room) -> None:
    assert await room.say() == []
    assert room.engine.asked == []
    with pytest.raises(PairMissing):
        await room.interpreter.interpret([ONE], (), "en", "ja", 5)
