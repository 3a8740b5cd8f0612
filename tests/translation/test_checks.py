from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.translation.checks import Doubt, doubts, doubts_of_text

LISTS = Path(__file__).parent / "checks"
PHRASEBOOK = Path(__file__).parents[2] / "tools" / "sample_models" / "phrasebook"
TAGS = st.sampled_from(
    ["en", "ru", "ja", "zh-Hans", "zh-Hant", "it", "de", "fr", "es", "ar", "pt-BR", "ko", "sr", "", "x!"]
)
TEXT = st.text(max_size=80) | st.text(
    alphabet="0123456789.,:-–/ %°$()«»“\"'「一二十百千万億年月km²℃XIV@_the и лет", max_size=80
)


def rows(name: str) -> list[dict[str, str]]:
    with (LISTS / f"{name}.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def found(row: dict[str, str]) -> tuple[Doubt, ...]:
    return doubts(row["source"], row["target"], row["source_language"], row["target_language"])


def kinds(source: str, target: str, to: str, of: str = "en") -> set[str]:
    return {doubt.kind for doubt in doubts(source, target, of, to)}


# --- the lists --------------------------------------------------------------------------------------------


def test_hardly_a_good_segment_is_doubted() -> None:
    good = rows("good")
    doubted = [(row, found(row)) for row in good if found(row)]
    assert len(good) >= 240
    assert len(doubted) <= len(good) / 100, doubted


def test_hardly_a_fault_is_missed() -> None:
    faulty = rows("faulty")
    missed = [
        (row, found(row))
        for row in faulty
        if not {doubt.kind for doubt in found(row)} & set(row["kinds"].split(","))
    ]
    assert len(faulty) >= 80
    assert len(missed) <= len(faulty) * 5 / 100, missed


@pytest.mark.parametrize(("code", "tag"), [("ru", "ru"), ("ja", "ja"), ("zh", "zh-Hans"), ("it", "it")])
def test_hardly_a_sentence_of_the_phrasebook_is_doubted(code: str, tag: str) -> None:
    ours, theirs = (
        (PHRASEBOOK / f"sentences.{name}.txt").read_text("utf-8").splitlines() for name in ("en", code)
    )
    doubted = [
        (source, target, why)
        for source, target in zip(ours, theirs, strict=True)
        if (why := doubts(source, target, "en", tag))
    ]
    assert len(doubted) <= len(ours) / 100, doubted


# --- each kind --------------------------------------------------------------------------------------------


def test_a_doubt_says_what_is_wrong() -> None:
    assert doubts("About 1,500 people came.", "Пришло около 1,50 человек.", "en", "ru") == (
        Doubt("numbers", "1,500 became 1,50"),
    )
    assert doubts("They clapped.", "(掌声)" * 40, "en", "zh-Hans")[0] == (
        Doubt("repetition", "the translation says '掌声' 40 times")
    )


@pytest.mark.parametrize(("source", "target"), [("A word.", ""), ("12", "—"), ("Yes", " … ")])
def test_nothing_left_is_the_only_doubt(source: str, target: str) -> None:
    assert [doubt.kind for doubt in doubts(source, target, "en", "it")] == ["empty"]
    assert [doubt.kind for doubt in doubts_of_text(source, target, "en", "it")] == ["empty"]


@pytest.mark.parametrize(
    ("source", "target", "to"),
    [
        pytest.param("1,500 bees", "1500 пчел", "ru", id="no separator"),
        pytest.param("1,500 bees", "1\u202f500 abeilles", "fr", id="narrow space"),
        pytest.param("1,500 bees", "1.500 api", "it", id="point"),
        pytest.param("3.5 bees", "3,5 пчелы", "ru", id="comma"),
        pytest.param("1.5 million bees", "150万只蜜蜂", "zh-Hans", id="ten thousands"),
        pytest.param("20 billion bees", "200億匹のハチ", "ja", id="hundred millions"),
        pytest.param("230 million bees", "2億3000万匹のハチ", "ja", id="two scales"),
        pytest.param("two bees", "2 пчелы", "ru", id="word to digit"),
        pytest.param("12 bees", "двенадцать пчел", "ru", id="digits to word"),
        pytest.param("a hundred bees", "100匹のハチ", "ja", id="a hundred"),
        pytest.param("the 21st bee", "21-я пчела", "ru", id="ordinal"),
        pytest.param("the 19th century", "XIX век", "ru", id="century"),
        pytest.param("21 December 2021", "2021年12月21日", "ja", id="date"),
        pytest.param("at 3 pm", "в 15:00", "ru", id="time"),
        pytest.param("50% of bees", "половина пчел", "ru", id="half"),
        pytest.param("30% of bees", "ハチの3割", "ja", id="tenths"),
        pytest.param("250 bees", "٢٥٠ نحلة", "ar", id="Arabic digits"),
        pytest.param("250 bees", "２５０匹のハチ", "ja", id="full width"),
        pytest.param("320 bees", "三百二十只蜜蜂", "zh-Hans", id="ideographs"),
        pytest.param("seventy-two bees", "soixante-douze abeilles", "fr", id="French seventy"),
        pytest.param("CO₂ and bees", "углекислый газ и пчелы", "ru", id="formula"),
        pytest.param("a bee of 1.5 cm", "пчела длиной 15 мм", "ru", id="other unit, same size"),
        pytest.param("a plant of 5 GW", "500万千瓦的电站", "zh-Hans", id="in ten thousand kW"),
        pytest.param("the 1990s", "90-е годы", "ru", id="decade"),
        pytest.param("2019–20 in bees", "2019–2020 годы у пчел", "ru", id="years"),
    ],
)
def test_numbers_may_be_written_as_the_language_has_it(source: str, target: str, to: str) -> None:
    assert kinds(source, target, to) <= {"length"}


@pytest.mark.parametrize(
    ("source", "target", "to", "kind"),
    [
        pytest.param("It is 3.14.", "Это 3,1.", "ru", "numbers", id="decimal place"),
        pytest.param("It is 3.14.", "Это 314.", "ru", "numbers", id="decimal mark"),
        pytest.param("It was in 2012.", "Это было в 2021 году.", "ru", "numbers", id="swapped"),
        pytest.param("They saw birds.", "他们看到了48只鸟。", "zh-Hans", "numbers", id="invented"),
        pytest.param("They saw nine birds.", "Они видели птиц.", "ru", "numbers", id="word dropped"),
        pytest.param("It was −8 °C.", "Было 8 °C.", "ru", "numbers", id="sign"),
        pytest.param("It cost $2 billion.", "Costò 2 milioni di dollari.", "it", "units", id="scale"),
        pytest.param("It is 5 km off.", "Это в 5 милях.", "ru", "units", id="unit"),
        pytest.param("It fell by 8%.", "8減少した。", "ja", "units", id="percent lost"),
    ],
)
def test_numbers_and_units_that_changed_are_doubted(source: str, target: str, to: str, kind: str) -> None:
    assert kind in kinds(source, target, to)


@pytest.mark.parametrize(
    ("source", "target", "doubted"),
    [
        ("See https://e.example/a_b, please.", "Смотрите https://e.example/a_b.", False),
        ("See https://e.example/a_b, please.", "Смотрите https://e.example/a b.", True),
        ("Write to @the_wire today.", "Пишите @the_wire сегодня.", False),
        ("Write to @the_wire today.", "Пишите @провод сегодня.", True),
        ("The trial NCT01234567 began.", "Испытание NCT0123456 началось.", True),
        ("It began in the mid-1970s.", "Это началось в середине 1970-х годов.", False),
    ],
)
def test_addresses_and_identifiers_come_over_as_they_are(source: str, target: str, doubted: bool) -> None:
    assert ("links" in kinds(source, target, "ru")) == doubted


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("The agency (ESA) won.", "欧州宇宙機関（ESA）が勝った。", set()),
        ("The agency (ESA) won.", "欧州宇宙機関（ESAが勝った。", {"brackets"}),
        ("a) the agency", "а) агентство", set()),
        ('He said "yes" today.', "彼は今日「はい」と言った。", set()),
        ('He said "yes" today.', "彼は今日「はいと言った。", {"quotes"}),
        ("The bees' wings and the bee's eye.", "ミツバチの羽と目。", set()),
    ],
)
def test_pairs_stay_pairs(source: str, target: str, expected: set[str]) -> None:
    assert kinds(source, target, "ja") & {"brackets", "quotes"} == expected


def test_what_the_source_repeats_may_be_repeated() -> None:
    assert kinds("No, no, no, no!", "Нет, нет, нет, нет!", "ru") == set()
    assert "repetition" in kinds("No, thank you!", "Нет, нет, нет, нет!", "ru")


@pytest.mark.parametrize(
    ("text", "to"),
    [("Nature Communications", "ru"), ("PR Newswire", "ja"), ("CO2", "zh-Hans"), ("GOSAT-2", "it")],
)
def test_names_and_codes_may_stay(text: str, to: str) -> None:
    assert doubts(text, text, "en", to) == ()


def test_a_whole_text_is_asked_for_its_language_and_its_length() -> None:
    english = "The glacier is melting faster than the researchers of the institute had expected. " * 5
    italian = "Il ghiacciaio si sta sciogliendo più velocemente di quanto previsto dai ricercatori. " * 5
    assert doubts_of_text(english, italian, "en", "it") == ()
    assert [d.kind for d in doubts_of_text(english, english, "en", "it")] == ["language"]
    assert [d.kind for d in doubts_of_text(english, italian[:150], "en", "it")] == ["length"]
    assert [d.kind for d in doubts_of_text(english, italian, "en", "ja")] == ["language"]


# --- whatever comes ---------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(TEXT, TEXT, TAGS, TAGS)
def test_no_text_is_too_odd(source: str, target: str, of: str, to: str) -> None:
    for doubt in (*doubts(source, target, of, to), *doubts_of_text(source, target, of, to)):
        assert doubt.what
        assert "\n" not in doubt.what


@settings(max_examples=300, deadline=None)
@given(TEXT, TAGS.filter(lambda tag: len(tag) > 1 and tag != "x!"))
def test_no_text_is_doubted_against_itself_in_its_own_language(text: str, tag: str) -> None:
    assert doubts(text, text, tag, tag) == ()


@settings(max_examples=100, deadline=None)
@given(st.integers(13, 10**7), st.integers(13, 10**7))
def test_a_number_is_the_same_however_its_thousands_are_marked(a: int, b: int) -> None:
    source = f"The station counted {a:,} birds at sea."
    spaced = f"Станция насчитала {b:,} птиц в море.".replace(",", "\u00a0")
    assert ("numbers" in kinds(source, spaced, "ru")) == (a != b)
    assert ("numbers" in kinds(source, f"该站在海上记录到{b}只鸟。", "zh-Hans")) == (a != b)


@pytest.mark.parametrize(
    ("source", "target", "to", "kind"),
    [
        ("Emissions of CO2 fell.", "排放的CO减少了。", "zh-Hans", "numbers"),
        ("Emissions of CO2 fell.", "CO₂排放量下降了。", "zh-Hans", ""),
        ("Emissions of CO2 fell.", "二氧化碳排放量下降了。", "zh-Hans", ""),
        (
            "The conference opened in August 2047.",
            "La conferenza si è aperta in August 2047.",
            "it",
            "untranslated",
        ),
        (
            "It was shown in Cape Town on Monday.",
            "Он был показан in Cape Town on Monday.",
            "ru",
            "untranslated",
        ),
        ("The University of Tokyo was founded.", "University of Tokyoが設立された。", "ja", ""),
        ("Its share is 79 percent.", "Его доля 79 % % % % % %.", "ru", "repetition"),
    ],
)
def test_what_the_seeded_faults_taught(source: str, target: str, to: str, kind: str) -> None:
    assert kinds(source, target, to) == ({kind} if kind else set())
