from __future__ import annotations

from distributor.ledger import memory
from distributor.ledger.ledger import Ledger
from distributor.ledger.memory import EDITED, Remembered
from ledger_wire import Clock

ONE = Remembered("It rained.", "Шёл дождь.", "machine", "m1", "", [[0, 2, 0, 3, 1.0]])


async def recall(ledger: Ledger, model: str = "m1", glossary: str = "", to: str = "ru") -> list[Remembered]:
    found = await ledger.read(memory.recall, "en", to, model, {"It rained.": glossary, "It snowed.": ""})
    return list(found.values())


async def keep(ledger: Ledger, *some: Remembered) -> None:
    await ledger.write(memory.remember, "en", "ru", some, Clock()())


async def test_a_sentence_is_known_by_its_pair_model_and_glossary(ledger: Ledger) -> None:
    await keep(ledger, ONE)
    assert await recall(ledger) == [ONE]
    assert await recall(ledger, model="m2") == []
    assert await recall(ledger, glossary="g") == []
    assert await recall(ledger, to="ja") == []


async def test_what_is_kept_again_replaces_what_was(ledger: Ledger) -> None:
    better = Remembered("It rained.", "Прошёл дождь.", "machine", "m1")
    await keep(ledger, ONE, ONE)
    await keep(ledger, better)
    assert await recall(ledger) == [better]
    (row,) = await ledger.read(memory.counts)
    assert row["sentences"] == 1


async def test_a_person_s_wording_goes_before_every_model_s(ledger: Ledger) -> None:
    edited = Remembered("It rained.", "Лил дождь.", EDITED)
    await keep(ledger, ONE, edited)
    assert await recall(ledger) == [edited]
    assert await recall(ledger, model="m2", glossary="g") == [edited]


async def test_more_than_one_statement_can_hold(ledger: Ledger) -> None:
    many = [Remembered(f"Sentence {i}.", f"Предложение {i}.", "machine", "m1") for i in range(1200)]
    await keep(ledger, *many)
    found = await ledger.read(memory.recall, "en", "ru", "m1", {r.source: "" for r in many})
    assert len(found) == 1200
    assert [r.source for r in await ledger.read(lambda db: list(memory.kept(db, "en", "ru")))][:2] == [
        "Sentence 0.",
        "Sentence 1.",
    ]
    assert await ledger.write(memory.forget, "en", "ru", "Sentence 7.") == 1
    assert await ledger.write(memory.forget, "en", "ru", "Sentence 7.") == 0
