"""The desk in each language that it speaks."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from desks import Office
from lxml import html

from channels.story import Origin
from distributor.desk import rendering, words
from distributor.ledger.outcome import Answer
from distributor.ledger.people import ROLES

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "desk_words.py"))
TAGS = sorted(path.stem for path in words.FOLDER.glob("*.po"))
PAGES = ("", "articles/1?language=ru", "articles/2", "members", "figures", "trail", "people", "me")
SHOWN = ("title", "aria-label", "placeholder", "data-ask", "data-text", "data-undo", "data-median")
"""Attributes that a person reads, or hears."""
_PLACE = re.compile(r"%\(\w+\)s")


def catalog(tag: str) -> Catalog:
    with (words.FOLDER / f"{tag}.po").open("rb") as file:
        return read_po(file, Locale.parse(tag, sep="-"))


def forms(told: str | tuple[str, ...]) -> tuple[str, ...]:
    return told if isinstance(told, tuple) else (told,)


def messages(tag: str) -> list[Message]:
    return [message for message in catalog(tag) if message.id]


def read(page: str) -> Iterator[str]:
    """All that stands on a page, piece by piece."""
    for element in html.fromstring(page).iter():
        told = [element.text, element.tail, *(element.get(name) for name in SHOWN)]
        yield from (" ".join(text.split()) for text in told if text)


def test_what_the_documents_promise() -> None:
    assert TAGS == ["it", "ja", "ru", "zh-Hans"]
    assert words.languages() == {
        "en": "English",
        "it": "Italiano",
        "ja": "日本語",
        "ru": "Русский",
        "zh-Hans": "中文 (简体)",
    }


@pytest.mark.parametrize("tag", TAGS)
def test_a_catalogue_has_what_the_templates_say_and_nothing_else(tag: str, tmp_path: Path) -> None:
    ours = (words.FOLDER / f"{tag}.po").read_bytes()
    (tmp_path / f"{tag}.po").write_bytes(ours)
    TOOL["main"]([], tmp_path)
    assert ours == (tmp_path / f"{tag}.po").read_bytes(), "run: python tools/desk_words.py"
    assert b"\n#:" not in ours
    assert b"@" not in ours


@pytest.mark.parametrize("tag", TAGS)
def test_every_message_is_translated_with_its_placeholders(tag: str) -> None:
    for message in messages(tag):
        said = forms(message.string)
        assert not message.fuzzy, message.id
        assert len(said) == (catalog(tag).num_plurals if message.pluralizable else 1), message.id
        wanted = sorted(_PLACE.findall(forms(message.id)[-1]))
        for form in said:
            assert form.strip() == form != "", message.id
            assert sorted(_PLACE.findall(form)) == wanted, message.id
            assert not set(form) & set('"<>&'), f"{form}: it stands in attributes as it is"


def test_russian_counts_in_three_forms() -> None:
    said = words.catalogue("ru").ngettext
    told = [said("Replay %(num)s dead", "Replay %(num)s dead", n) % {"num": n} for n in (1, 3, 5, 11, 21)]
    assert told == [
        "Повторить 1 доставку",
        "Повторить 3 доставки",
        "Повторить 5 доставок",
        "Повторить 11 доставок",
        "Повторить 21 доставку",
    ]


def test_a_word_of_two_meanings_has_two_translations() -> None:
    said = words.catalogue("ru")
    assert said.gettext("open") == "открыть"
    assert said.pgettext("channel", "open") == "работает"


@pytest.mark.parametrize(
    ("wish", "accepted", "tag"),
    [
        pytest.param("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans", id="China"),
        pytest.param("", "zh-TW", "zh-Hans", id="any Chinese"),
        pytest.param("", "zh-hans-CN", "zh-Hans", id="however it is spelt"),
        pytest.param("", "ru-RU,ru;q=0.9", "ru", id="Russia"),
        pytest.param("", "fr, it;q=0.3, ja;q=0.7", "ja", id="the best that is spoken"),
        pytest.param("", "fr-CH", "en", id="not spoken"),
        pytest.param("", "", "en", id="nothing said"),
        pytest.param("it", "ru", "it", id="the person's own wish first"),
        pytest.param("../it", "ru", "ru", id="no wish that there is"),
    ],
)
def test_who_gets_which_language(wish: str, accepted: str, tag: str) -> None:
    assert words.chosen(wish, accepted) == tag


@pytest.mark.parametrize(
    ("seconds", "tag", "told"),
    [
        (None, "ru", "—"),
        (3.21, "en", "3.2 sec"),
        (42.4, "en", "42 sec"),
        (192.0, "ru", "3,2 мин"),
        (192.0, "zh-Hans", "3.2分钟"),
        (7200.0, "ja", "2 時間"),
        (216_000.0, "it", "2,5 giorni"),
    ],
)
def test_a_span_of_time_is_told_as_the_language_has_it(seconds: float | None, tag: str, told: str) -> None:
    assert rendering.span(seconds, Locale.parse(tag, sep="-")) == told


async def furnish(desk: Office) -> None:
    """Something of everything: held, dead, withdrawn, paused, in doubt, and who did it."""
    for guid in ("one", "two", "three"):
        await desk.wire.bring(guid)
    await desk.wire.translated(
        {"sentence": "It met.", "translation": "Он собрался.", "kind": "numbers", "what": "3 is missing"}
    )
    await desk.deliver()
    eve = await desk.person("eve")
    await eve.did("/articles/2/hold", {})
    await eve.did("/articles/1/urgency", {"urgency": 1, "pause": 60})
    await eve.did("/articles/3/withdraw", {"reason": "42"})
    await eve.did("/members/agency/channels/folder/pause", {})
    edited = {"sentence": "It met.", "wording": "Он собрался вновь."}
    seen = (await eve.got("/articles/1/renditions/ru"))["mark"]
    await eve.did("/articles/1/renditions/ru/edit", {"seen": seen, "sentences": [edited]})
    await desk.machine("viewer", "7")


@pytest.mark.parametrize("tag", TAGS)
async def test_every_page_is_wholly_in_the_language(desk: Office, tag: str) -> None:
    await furnish(desk)
    english = {form for m in messages(tag) for form in forms(m.id) if form not in forms(m.string)}
    ada = await desk.person("ada")
    ada.http.cookie_jar.update_cookies({"language": tag})
    for path in PAGES:
        answer = await ada.ask("GET", f"/desk/{path}")
        assert answer.status == 200, path
        assert html.fromstring(answer.text).get("lang") == tag
        assert not english & {*read(answer.text)}, path


@pytest.mark.parametrize("tag", TAGS)
async def test_a_stranger_is_asked_in_the_browsers_language(desk: Office, tag: str) -> None:
    answer = await (await desk.stranger()).ask("GET", "/desk/login", Accept_Language=tag)
    assert html.fromstring(answer.text).get("lang") == tag
    assert words.catalogue(tag).gettext("Log in") in {*read(answer.text)}


def named(which: str) -> set[str]:
    """What a table of the templates has a word for."""
    return set(getattr(rendering._environment("en").get_template("names.html").module, which))


def literals(call: str, place: int) -> set[str]:
    """What this argument of this function is, wherever our code says it outright."""
    found = set()
    for path in ROOT.glob("distributor/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == call:
                told = node.args[place] if len(node.args) > place else None
                found |= {told.value} if isinstance(told, ast.Constant) else set()
    return found


def test_what_the_ledger_says_has_a_word() -> None:
    assert named("roles") == {*ROLES}
    assert named("origins") == {*get_args(Origin)}
    assert named("outcomes") == {*get_args(Answer)}
    assert named("deeds") >= literals("note", 3)
    assert named("doubts") >= literals("Doubt", 0) >= {"numbers", "units"}


def test_another_language_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    TOOL["main"](["pl"], tmp_path)
    begun = (tmp_path / "pl.po").read_text(encoding="utf-8")
    assert 'msgstr[2] ""' in begun, "as many forms as Polish counts in"
    (tmp_path / "pl.po").write_text(
        begun.replace('msgid "Wire"\nmsgstr ""', 'msgid "Wire"\nmsgstr "Serwis"'), encoding="utf-8"
    )
    monkeypatch.setattr(words, "FOLDER", tmp_path)
    assert words.languages() == {"en": "English", "pl": "Polski"}
    said = words.catalogue("pl")
    assert said.gettext("Wire") == "Serwis"
    assert said.gettext("Members") == "Members"
    words.catalogue.cache_clear()
