"""Glossaries: what matches in a sentence, what is put into its translation, and files that change."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from fake_engines import mumbling, mute, silent, turned, unreliable
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.errors import ConfigError
from distributor.translation.documents.align import Tie, Translation, anchored
from distributor.translation.documents.document import Document
from distributor.translation.glossary import Glossaries, Glossary
from distributor.translation.glossary.hits import plural
from distributor.translation.glossary.terms import Term, load, parse

SINK = Term(term="carbon sink", translation="поглотитель углерода", plural="поглотители углерода")
DAILY = Term(term="Science and Technology Daily", translation="«Научная газета»", also=("STD",))
CLARIVATE = Term(term="Clarivate", keep=True)
WHO = Term(term="WHO", translation="ВОЗ", forms=("ВОЗом",))
FUNGUS = Term(term="fungus", translation="гриб", plural="грибы", irregular=("fungi",))
NATURE = Term(term="Nature", translation="«Нейчур»", case=True)
ALL = Glossary((SINK, DAILY, CLARIVATE, WHO, FUNGUS, NATURE))


def one(term: str, translation: str, **more: Any) -> Glossary:
    return Glossary((Term(term=term, translation=translation, **more),))


def found(sentence: str, glossary: Glossary = ALL) -> list[tuple[str, str]]:
    """What of the sentence is a term, and what is wanted for it."""
    return [(sentence[hit.start : hit.end], hit.wanted) for hit in glossary.hits(sentence)]


def tied(source: str, target: str, *pairs: tuple[str, str] | tuple[str, str, float]) -> Translation:
    """`target` with ties between words of both, weight 1 unless said."""
    ties = []
    for ours, theirs, *weight in pairs:
        a, b = source.index(ours), target.index(theirs)
        ties.append(Tie(a, a + len(ours), b, b + len(theirs), float(weight[0]) if weight else 1.0))
    return Translation(target, tuple(ties))


# --- what matches -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("a carbon sink here", [("carbon sink", "поглотитель углерода")]),
        ("Carbon sinks matter.", [("Carbon sinks", "поглотители углерода")]),
        ("New Carbon Sink Found", [("Carbon Sink", "поглотитель углерода")]),
        ("a carbon  sink", [("carbon  sink", "поглотитель углерода")]),
        ("a carbon-sink", []),
        ("a carbon sinkhole", []),
        ("hydrocarbon sink", []),
        ("the carbon sink's size", [("carbon sink", "поглотитель углерода")]),
        ("Clarivate’s list", [("Clarivate", "Clarivate")]),
        ("CLARIVATE LISTS", [("CLARIVATE", "CLARIVATE")]),
        ("said WHO.", [("WHO", "ВОЗ")]),
        ("those who said", []),
        ("Who said", []),
        ("some fungi", [("fungi", "грибы")]),
        ("a fungus", [("fungus", "гриб")]),
        ("in Nature today", [("Nature", "«Нейчур»")]),
        ("in nature today", []),
        ("STD and Science and Technology Daily",
         [("STD", "«Научная газета»"), ("Science and Technology Daily", "«Научная газета»")]),
        ("see clarivate.com or https://x.example/Clarivate", []),
        ("see clarivate.com, says Clarivate.", [("Clarivate", "Clarivate")]),
        ("", []),
    ],
)  # fmt: skip
def test_terms_of_a_sentence(sentence: str, expected: list[tuple[str, str]]) -> None:
    assert found(sentence) == expected


@pytest.mark.parametrize(
    ("term", "case", "sentence", "hit"),
    [
        ("carbon sink", True, "Carbon sink found", True),
        ("carbon sink", True, "“Carbon sink” found", True),
        ("carbon sink", True, "a Carbon sink", False),
        ("eLife", False, "ELife reports", True),
        ("eLife", False, "in ELIFE", False),
        ("CO2 sink", False, "a CO2 Sink", True),
        ("CO2 sink", False, "a co2 sink", False),
        ("Caf\u0065\u0301", False, "a café", True),
        ("cafe", False, "a cafe\u0301", False),
        ("R&D", False, "R&D grows", True),
        ("x-ray", False, "an x‑ray", True),
        ("naïve Bayes", False, "a NAÏVE BAYES", True),
    ],
)
def test_case_and_characters(term: str, case: bool, sentence: str, hit: bool) -> None:
    assert bool(one(term, "слово", case=case).hits(sentence)) == hit


def test_of_terms_that_overlap_the_longest_counts() -> None:
    pairs = {"Academy": "A", "Academy of Sciences": "AS", "Chinese Academy": "CA", "Sciences and Arts": "SA"}
    glossary = Glossary([Term(term=term, translation=wanted) for term, wanted in pairs.items()])
    assert found("Sciences and Arts of the Academy", glossary) == [
        ("Sciences and Arts", "SA"),
        ("Academy", "A"),
    ]
    assert found("the Chinese Academy of Sciences", glossary) == [("Academy of Sciences", "AS")]


@pytest.mark.parametrize(
    ("source", "term", "sentence", "hit"),
    [
        ("zh-Hans", "碳汇", "森林是重要的碳汇。", True),
        ("ja", "炭素", "これは炭素シンクです", True),
        ("zh-Hans", "STD", "据STD报道", True),
        ("ru", "гриб", "этот гриб", True),
        ("ru", "гриб", "эти грибы", False),
        ("de", "Senke", "zwei Senkes", False),
    ],
)
def test_other_source_languages_match_exactly(source: str, term: str, sentence: str, hit: bool) -> None:
    assert bool(Glossary((Term(term=term, translation="x"),), source).hits(sentence)) == hit


def test_regular_plurals() -> None:
    nouns = ["sink", "flux", "study", "bay", "gas", "branch", "NGO"]
    assert [plural(noun) for noun in nouns] == [
        "sinks", "fluxes", "studies", "bays", "gases", "branches", "NGOs"
    ]  # fmt: skip


# --- what is put in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "source", "target", "pairs", "expected"),
    [
        (SINK, "It is a carbon sink.", "Это сток угля.", [("carbon", "угля"), ("sink", "сток")],
         "Это поглотитель углерода."),
        (SINK, "Carbon sinks matter.", "Стоки угля важны.",
         [("Carbon", "угля"), ("sinks", "Стоки"), ("matter", "важны")],
         "Поглотители углерода важны."),
        (CLARIVATE, "Clarivate says", "Кларивейт говорит", [("Clarivate", "Кларивейт"), ("says", "говорит")],
         "Clarivate говорит"),
        (DAILY, "by Science and Technology Daily", "газетой «Наука и техника»",
         [("by", "газетой"), ("Science", "Наука"), ("Technology", "техника"), ("Daily", "техника", 0.5)],
         "газетой «Научная газета»"),
        (SINK, "one carbon sink of 12", "12-й сток угля", [("carbon sink", "сток угля"), ("12", "12")],
         "12-й поглотитель углерода"),
        (SINK, "a carbon sink of 12", "сток 12 угля", [("carbon sink", "сток 12 угля")], "сток 12 угля"),
    ],
)  # fmt: skip
def test_the_words_that_stand_for_a_term_are_replaced(
    term: Term, source: str, target: str, pairs: list[Any], expected: str
) -> None:
    assert Glossary((term,)).enforce(source, tied(source, target, *pairs)).text == expected


@pytest.mark.parametrize(
    ("source", "target", "rendering", "pairs", "expected"),
    [
        ("with STD today", "今天与该报合作", "科技日报", [("STD", "该报"), ("with", "与")],
         "今天与科技日报合作"),
        ("with STD today", "今天与 Daily 合作", "科技日报", [("STD", "Daily")], "今天与科技日报合作"),
        ("with STD today", "今天与该报Weekly", "Daily", [("STD", "该报")], "今天与Daily Weekly"),
        ("STD reports", "日刊は報じる", "科技日報", [("STD", "日刊は")], "科技日報報じる"),
        ("STD reports", "日刊は報じる", "科技日報", [("STD", "日刊"), ("STD", "は")], "科技日報は報じる"),
        ("of STD here", "dell'annuario qui", "«Quotidiano»", [("of", "dell"), ("STD", "annuario")],
         "dell'«Quotidiano» qui"),
        ("STD reports", "La rivista riporta", "il Quotidiano",
         [("STD", "La rivista"), ("reports", "riporta")],
         "Il Quotidiano riporta"),
        ("in STD.", "nella rivista.", "Science Inc.", [("STD", "rivista"), ("in", "nella")],
         "nella Science Inc."),
        ("STD reports", "Rivista riporta", "eScienza", [("STD", "Rivista")], "eScienza riporta"),
    ],
)  # fmt: skip
def test_spaces_marks_and_capitals_are_right(
    source: str, target: str, rendering: str, pairs: list[Any], expected: str
) -> None:
    done = one("STD", rendering).enforce(source, tied(source, target, *pairs))
    assert done.text == expected


@pytest.mark.parametrize(
    ("term", "source", "target"),
    [
        (SINK, "a carbon sink", "этот Поглотитель Углерода"),
        (WHO, "by WHO", "с ВОЗом"),
        (Term(term="sink", translation="сток", forms=("сток* углерод*",)), "a sink", "в стоке углерода"),
        (CLARIVATE, "by Clarivate", "компания Clarivate"),
    ],
)
def test_a_translation_that_has_it_is_left_alone(term: Term, source: str, target: str) -> None:
    translation = tied(source, target)
    assert Glossary((term,)).enforce(source, translation) is translation
    assert not Glossary((term,)).missed(source, translation)


def test_one_rendering_does_not_count_for_two_terms() -> None:
    source, target = "WHO and WHO", "ВОЗ и она"
    translation = tied(source, target, ("WHO", "ВОЗ"))
    assert [hit.start for hit in ALL.missed(source, translation)] == [8]
    more = Translation(target, (*translation.ties, Tie(8, 11, 6, 9, 1.0)))
    assert ALL.enforce(source, more).text == "ВОЗ и ВОЗ"


def test_a_part_of_a_longer_rendering_is_not_taken_for_a_shorter_one() -> None:
    terms = (
        Term(term="Academy", translation="Академия"),
        Term(term="Academy of Sciences", translation="Академия наук"),
    )
    source, target = "the Academy of Sciences, the Academy", "Академия наук и академия"
    assert not Glossary(terms).missed(source, Translation(target))
    assert [h.term.term for h in Glossary(terms).missed(source, Translation("Академия наук и вуз"))] == [
        "Academy"
    ]


@pytest.mark.parametrize(
    ("target", "pairs"),
    [
        ("совсем другие слова", []),
        ("сток угля", [("carbon", "сток", 0.2), ("sink", "угля", 0.2)]),
        ("сток и так далее и далее угля", [("carbon", "угля"), ("sink", "сток"), ("is", "далее")]),
        ("сток в мире", [("carbon", "сток", 0.3), ("is", "сток", 0.7)]),
        ("сток " + "очень " * 12 + "угля", [("carbon sink", "сток " + "очень " * 12 + "угля")]),
    ],
)
def test_where_nobody_can_tell_nothing_is_changed_and_it_is_said(target: str, pairs: list[Any]) -> None:
    source = "it is a carbon sink"
    translation = tied(source, target, *pairs)
    assert ALL.enforce(source, translation) is translation
    assert [hit.wanted for hit in ALL.missed(source, translation)] == ["поглотитель углерода"]


def test_another_terms_words_are_not_taken() -> None:
    source, target = "carbon sink Clarivate", "сток угля Кларивейт"
    translation = tied(
        source,
        target,
        ("carbon sink", "сток угля"),
        ("Clarivate", "Кларивейт", 0.6),
        ("sink", "Кларивейт", 0.4),
    )
    assert ALL.enforce(source, translation).text == "поглотитель углерода Clarivate"


def test_ties_move_with_their_words() -> None:
    source, target = "a carbon sink near Rome", "сток угля под Римом"
    words = (("carbon", "угля"), ("sink", "сток"), ("near", "под"), ("Rome", "Римом"))
    translation = tied(source, target, *words)
    done = ALL.enforce(source, translation)
    shown = {(source[t.start : t.end], done.text[t.to_start : t.to_end], t.weight) for t in done.ties}
    assert shown == {("carbon sink", "поглотитель углерода", 1.0), *((a, b, 1.0) for a, b in words[2:])}


def rendered(html: str, glossary: Glossary = ALL, language: str = "ru") -> str:
    document = Document(html, "en")
    told = [glossary.enforce(s, anchored(s, turned(s))) for s in document.sentences]
    return document.render(told, language)


def test_markup_stays_on_the_words_that_it_was_on() -> None:
    html = '<p>the <a href="https://e.example/">carbon sink</a> of <em>wide</em> forests</p>'
    assert rendered(html) == (
        '<p>FORESTS <em>WIDE</em> OF <a href="https://e.example/">поглотитель углерода</a> THE</p>'
    )


def test_markup_around_a_term_and_more_and_within_a_term() -> None:
    assert rendered("<p>a <b>big carbon sink</b> grows</p>") == (
        "<p>GROWS <b>поглотитель углерода BIG</b> A</p>"
    )
    within = rendered("<p>read <i>Science</i> and Technology Daily now</p>")
    assert re.sub("</?i>", "", within) == "<p>NOW «Научная газета» READ</p>"
    assert within.count("<i>") == 1


# --- whatever comes ---------------------------------------------------------------------------------------

WORD = st.sampled_from(
    ["alpha", "beta", "12", "CO2", "carbon", "carbon sink", "carbon sinks,", "Clarivate's", "WHO", "STD.",
     "fungi", "“Nature”", "Science and Technology Daily", "3.5%", "(WHO)", "碳汇", "a", "end;"]
)  # fmt: skip
SENTENCE = st.lists(WORD, min_size=1, max_size=9).map(" ".join)
FAKES = st.sampled_from([turned, silent, mumbling, mute]) | st.integers(0, 200).map(unreliable)
MORE = Glossary(
    (*ALL.terms, Term(term="碳汇", translation="Sink B.V."), Term(term="alpha", translation="碳 汇库"))
)


@settings(max_examples=200, deadline=None)
@given(SENTENCE, FAKES)
def test_enforcing_twice_is_enforcing_once_and_ties_stay_inside(sentence: str, fake: Any) -> None:
    translation = anchored(sentence, fake(sentence))
    within = all(0 <= t.to_start < t.to_end <= len(translation.text) for t in translation.ties)
    done = MORE.enforce(sentence, translation)
    assert MORE.enforce(sentence, done) == done
    assert len(MORE.missed(sentence, done)) <= len(MORE.missed(sentence, translation))
    if within:
        assert all(0 <= t.to_start < t.to_end <= len(done.text) for t in done.ties)


@settings(max_examples=200, deadline=None)
@given(SENTENCE)
def test_all_other_words_survive_in_their_order(sentence: str) -> None:
    outside = sentence
    for hit in reversed(MORE.hits(sentence)):
        outside = outside[: hit.start] + " " * (hit.end - hit.start) + outside[hit.end :]
    done = MORE.enforce(sentence, turned(sentence)).text
    words = iter(re.findall(r"\w+", done))
    expected = [
        w for chunk in reversed(outside.upper().split()) for w in re.findall(r"\w+", chunk) if w != "S"
    ]
    assert all(word in words for word in expected)


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=40),
    st.text(max_size=40),
    st.text(min_size=1, max_size=6),
    st.text(min_size=1, max_size=6),
)
def test_no_text_makes_it_stumble(sentence: str, target: str, term: str, wanted: str) -> None:
    try:
        glossary = one(term, wanted)
    except ValueError:
        return
    whole = sentence + term
    ties = (Tie(len(sentence), len(whole), 0, len(target), 1.0),) if target else ()
    done = glossary.enforce(whole, Translation(target, ties))
    assert glossary.enforce(whole, done) == done


@settings(max_examples=60, deadline=None)
@given(SENTENCE, SENTENCE, st.sampled_from(["em", "a href='https://e.example/1'", "strong"]), FAKES)
def test_no_element_is_lost(before: str, inside: str, tag: str, fake: Any) -> None:
    html = f"<p>{before} <{tag}>{inside}</{tag.split()[0]}> end</p>"
    document = Document(html, "en")
    told = [MORE.enforce(s, anchored(s, fake(s))) for s in document.sentences]
    assert document.render(told, "ru").count(f"</{tag.split()[0]}>") == 1


# --- marks for the memory ---------------------------------------------------------------------------------


def test_a_new_term_changes_the_mark_of_those_sentences_only_that_use_it() -> None:
    before, after = Glossary((SINK,)), Glossary((SINK, WHO))
    assert before.fingerprint_for("a carbon sink") == after.fingerprint_for("a carbon sink") != ""
    assert before.fingerprint_for("by WHO") == "" != after.fingerprint_for("by WHO")
    assert before.fingerprint != after.fingerprint
    assert Glossary().fingerprint == Glossary().fingerprint_for("by WHO") == ""


def test_a_changed_rendering_changes_the_mark() -> None:
    assert one("a", "б").fingerprint_for("a") != one("a", "в").fingerprint_for("a")


# --- files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[[terms]]\nterm = "a"', "terms[0]: translation: missing; give it, or write keep = true"),
        ('[[terms]]\nterm = "a"\ntranslation = "b"\nkeep = true',
         "terms[0]: 'keep' and a translation are told; leave one out"),
        ('[[terms]]\ntrem = "a"\nkeep = true', "terms[0].trem: unknown key, did you mean 'term'?"),
        ("[[term]]", "term: unknown key, did you mean 'terms'?"),
        ('[[terms]]\nkeep = true', "terms[0].term: missing; it must be given"),
        ('[[terms]]\nterm = " - "\nkeep = true',
         "terms[0].term: there is no letter or digit in it; write a word"),
        ('[[terms]]\nterm = "a"\nkeep = true\n[[terms]]\nterm = "b"\nalso = ["A"]\nkeep = true',
         "terms[1]: 'A' is told in terms[0] already; leave one of them out"),
        ('source = "english"', "source: 'english' is not a language tag"),
        ("term =", "not TOML"),
    ],
)  # fmt: skip
def test_each_fault_names_its_key_and_the_mend(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "ru.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path)
    assert any(line.startswith(f"ru.toml: {fault}") for line in raised.value.faults)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        parse('sorce = "en"\n[[terms]]\nterm = "a"\n[[terms]]\nkeep = true')
    assert len(raised.value.faults) == 3


def write(path: Path, text: str, at: int) -> None:
    path.write_text(text, "utf-8")
    os.utime(path, ns=(at, at))


def test_a_file_is_read_again_when_it_changes_and_a_broken_one_keeps_what_it_said(tmp_path: Path) -> None:
    path, entry = tmp_path / "zh-Hans.toml", '[[terms]]\nterm = "{}"\nkeep = true'
    write(path, entry.format("a"), 1)
    glossaries = Glossaries(tmp_path)
    first = glossaries.of("en-GB", "zh-CN")
    assert [t.term for t in first.terms] == ["a"]
    assert glossaries.of("en", "zh") is first
    assert not glossaries.of("en", "zh-Hant").terms
    assert not glossaries.of("de", "zh").terms
    write(path, entry.format("b"), 2)
    assert [t.term for t in glossaries.of("en", "zh").terms] == ["b"]
    write(path, "terms = 1", 3)
    assert [t.term for t in glossaries.of("en", "zh").terms] == ["b"]
    assert glossaries.faults[0].startswith("zh-Hans.toml: terms: ")
    write(path, entry.format("c"), 4)
    assert not glossaries.faults
    assert glossaries.pairs == (("en", "zh-Hans"),)
    path.unlink()
    assert not glossaries.of("en", "zh").terms


def test_no_folder_a_missing_one_and_a_wrong_name(tmp_path: Path) -> None:
    assert not Glossaries(None).of("en", "ru").hits("a carbon sink")
    assert not Glossaries(None).faults
    assert "there is no such folder" in Glossaries(tmp_path / "none").faults[0]
    (tmp_path / "russian.toml").write_text("", "utf-8")
    assert "'russian' is not a language tag" in Glossaries(tmp_path).faults[0]


def test_every_example_in_the_documentation_can_be_read() -> None:
    text = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert blocks
    assert all(parse(block).terms for block in blocks)
    keys = set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE))
    assert keys == set(Term.model_fields)
