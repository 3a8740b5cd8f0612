"""46 short lines in nine languages, as news wires have them, and what a feed may declare of them."""

from __future__ import annotations

import pytest
from langdetect import DetectorFactory, detect
from langdetect.lang_detect_exception import LangDetectException

from distributor import language
from distributor.article import Content

HEADLINES = [
    ("en", "New report lists ten research fronts for carbon neutrality"),
    ("en", "Union of science media opens its first conference"),
    ("en", "SATELLITES MEASURE GREENHOUSE GASES"),
    ("en", "Why bats sleep upside down"),
    ("en", "Escherichia coli makes clean fuel from plant waste"),
    ("en", "3.7 million people now drive electric cars"),
    ("ru", "Новый доклад о климате"),
    ("ru", "Ученые нашли новый вид бактерий"),
    ("ru", "СПУТНИК ИЗМЕРЯЕТ МЕТАН НАД СИБИРЬЮ"),
    ("ru", "Конференция CERN открылась в Женеве"),
    ("ru", "Зеленый водород"),
    ("zh-Hans", "联盟首届大会在北京举行"),
    ("zh-Hans", "新报告列出十个研究前沿"),
    ("zh-Hans", "科学家发现新型电池材料"),
    ("zh-Hans", "2060年前实现碳中和"),
    ("zh-Hans", "卫星测量甲烷"),
    ("ja", "新しい報告書が十の研究前線を挙げる"),
    ("ja", "東京大学、ペロブスカイト太陽電池の効率を更新"),
    ("ja", "カーボンニュートラルとは"),
    ("ja", "科学メディア連合の第1回会議が開幕"),
    ("ja", "メタンの排出を半分に"),
    ("it", "Il nuovo rapporto elenca dieci fronti di ricerca"),
    ("it", "Gli agricoltori risparmiano acqua e riducono il metano"),
    ("it", "Come funziona la cattura del carbonio"),
    ("it", "L'idrogeno verde può produrre acciaio pulito"),
    ("it", "Scoperto un nuovo batterio nel mare"),
    ("de", "Neuer Bericht nennt zehn Forschungsfronten"),
    ("de", "Wie Kohlenstoff aus der Luft geholt wird"),
    ("de", "Satelliten messen Treibhausgase über Europa"),
    ("de", "Grüner Wasserstoff für sauberen Stahl"),
    ("de", "Forscher züchten dürrefesten Weizen"),
    ("fr", "Un nouveau rapport sur la neutralité carbone"),
    ("fr", "Les agriculteurs économisent l'eau"),
    ("fr", "Pourquoi les chauves-souris dorment la tête en bas"),
    ("fr", "Des cellules solaires plus efficaces grâce à la pérovskite"),
    ("fr", "L'union des médias scientifiques ouvre son premier congrès"),
    ("es", "El nuevo informe enumera diez frentes de investigación"),
    ("es", "Los satélites miden el metano desde el espacio"),
    ("es", "Cómo funciona la captura de carbono"),
    ("es", "Hallan una nueva especie de Aedes aegypti en la región"),
    ("es", "El hidrógeno verde y el acero limpio"),
    ("ko", "탄소 중립을 위한 새 보고서"),
    ("ko", "위성이 온실가스를 측정한다"),
    ("ko", "과학 미디어 연합 첫 회의 개막"),
    ("und", "https://weekly-edition.example/2021/51/ desk@weekly-edition.example"),
    ("und", "2021 / 12 / 21"),
]


def test_there_are_46_lines_in_nine_languages_and_in_none() -> None:
    assert len(HEADLINES) == 46
    assert len({tag for tag, _ in HEADLINES} - {"und"}) == 9


@pytest.mark.parametrize(("tag", "headline"), HEADLINES)
def test_a_headline_alone_tells_its_language(tag: str, headline: str) -> None:
    assert language.detect(headline) == tag


def test_langdetect_alone_gets_some_of_them_wrong() -> None:
    """Else there were no need for the second opinion."""
    DetectorFactory.seed = 0
    alone = {"zh-cn": "zh-Hans"}
    right = 0
    for tag, headline in HEADLINES:
        try:
            found = detect(headline)
        except LangDetectException:
            found = "und"
        right += alone.get(found, found) == tag
    assert right < len(HEADLINES)


@pytest.mark.parametrize(
    ("declared", "text", "tag"),
    [
        ("en-GB", "New report lists ten research fronts", "en-GB"),
        ("pt-BR", "Novo relatório lista dez frentes de pesquisa", "pt-BR"),
        ("zh-TW", "衛星測量甲烷", "zh-Hant"),
        ("zh-CN", "卫星测量甲烷", "zh-Hans"),
        ("zh", "衛星測量溫室氣體的新資料", "zh-Hant"),
        ("de", "CO2", "de"),
        ("ja", "", "ja"),
        ("en", "Новый доклад перечисляет десять исследовательских фронтов углеродной нейтральности", "ru"),
        ("en", "新しい報告書が十の研究前線を挙げる。会議は北京で開かれた。", "ja"),
        ("nonsense!", "New report lists ten research fronts", "en"),
    ],
)
def test_what_is_declared_holds_unless_the_text_clearly_disagrees(declared: str, text: str, tag: str) -> None:
    assert language.detect(text, declared=declared) == tag


@pytest.mark.parametrize("text", ["", "   ", "42", "http://a.example/x", "!!!", "\x00", "𝕏"])
def test_what_tells_nothing_falls_back_and_never_raises(text: str) -> None:
    assert language.detect(text, default="it") == "it"


def test_headline_and_body_are_looked_at_together_without_markup() -> None:
    body = "<p>Die <em>Forscher</em> sagen, er <a href='https://en.example/the'>nennt zehn Felder</a>.</p>"
    assert language.of(Content(headline="CO2 2021", body=body)) == "de"
