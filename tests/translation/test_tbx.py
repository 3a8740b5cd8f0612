from __future__ import annotations

from pathlib import Path

import pytest

from distributor.errors import ConfigError
from distributor.translation import tbx
from distributor.translation.glossary import toml
from distributor.translation.glossary.terms import Term, load
from distributor.translation.tbx import BadTermbase, Termbase, parse

DCA = """<?xml version="1.0" encoding="UTF-8"?>
<tbx style="dca" type="TBX-Basic" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2">
<tbxHeader><fileDesc><sourceDesc><p>made for a test</p></sourceDesc></fileDesc></tbxHeader>
<text><body>{}</body></text></tbx>"""
DCT = """<tbx style="dct" type="TBX-Basic" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2"
 xmlns:min="http://www.tbxinfo.net/ns/min" xmlns:ling="http://www.tbxinfo.net/ns/linguist">
<text><body>{}</body></text></tbx>"""
MARTIF = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE martif SYSTEM "TBXcoreStructV02.dtd">
<martif type="TBX-Basic" xml:lang="en"><martifHeader/><text><body>{}</body></text></martif>"""


def note(value: str, what: str = "administrativeStatus") -> str:
    return f'<termNote type="{what}">{value}</termNote>'


def section(language: str, *terms: str) -> str:
    inner = "".join(f"<termSec>{term}</termSec>" for term in terms)
    return f'<langSec xml:lang="{language}">{inner}</langSec>'


def dca(*sections: str) -> str:
    return DCA.format(f'<conceptEntry id="c1">{"".join(sections)}</conceptEntry>')


def only(text: str, target: str = "ru") -> Term:
    (term,) = parse(text.encode(), "en", target).terms
    return term


def test_a_concept_becomes_a_term() -> None:
    text = dca(section("en", "<term>carbon  sink</term>"), section("ru", "<term>поглотитель углерода</term>"))
    assert only(text) == Term(term="carbon sink", translation="поглотитель углерода")


def test_the_preferred_term_comes_first_and_a_deprecated_one_never() -> None:
    ours = section(
        "en",
        "<term>sink of carbon</term>" + note("admittedTerm-admn-sts"),
        "<term>carbon dump</term>" + note("deprecatedTerm-admn-sts"),
        "<term>C sink</term>",
        "<term>carbon sink</term>" + note("preferredTerm-admn-sts"),
    )
    theirs = section(
        "ru",
        "<term>сток</term>" + note("supersededTerm-admn-sts"),
        "<term>накопитель</term>" + note("admittedTerm-admn-sts"),
        "<term>поглотитель</term>" + note("preferredTerm-admn-sts"),
    )
    term = only(dca(ours, theirs))
    assert (term.term, term.translation) == ("carbon sink", "поглотитель")
    assert term.also == ("C sink", "sink of carbon")


def test_the_other_style_has_elements_for_types() -> None:
    preferred = "<min:administrativeStatus>preferredTerm-admn-sts</min:administrativeStatus>"
    plural = "<ling:grammaticalNumber>plural</ling:grammaticalNumber>"
    ours = section("en", "<term>fungus</term>", "<term>fungi</term>" + plural)
    theirs = section(
        "ru", "<term>плесень</term>", "<term>гриб</term>" + preferred, "<term>грибы</term>" + plural
    )
    term = only(DCT.format(f'<conceptEntry id="c1">{ours}{theirs}</conceptEntry>'))
    assert term == Term(term="fungus", translation="гриб", plural="грибы", irregular=("fungi",))


@pytest.mark.parametrize(
    "inner",
    [
        "<tig><term>{}</term></tig>",
        "<ntig><termGrp><term>{}</term></termGrp></ntig>",
        "<tig><term>{}</term><termNote type='administrativeStatus'>preferred</termNote></tig>"
        "<tig><term>no</term><termNote type='administrativeStatus'>notRecommended</termNote></tig>",
    ],
)
def test_the_first_edition_is_read_without_its_dtd(inner: str) -> None:
    sets = (("en-US", "carbon sink"), ("zh-CN", "碳汇"))
    body = "".join(f'<langSet xml:lang="{tag}">{inner.format(word)}</langSet>' for tag, word in sets)
    text = MARTIF.format(f'<termEntry id="1">{body}</termEntry>')
    assert only(text, "zh-Hans") == Term(term="carbon sink", translation="碳汇")


def test_a_name_that_is_the_same_in_both_is_kept() -> None:
    text = dca(section("en", "<term>Clarivate</term>"), section("it", "<term>Clarivate</term>"))
    assert only(text, "it") == Term(term="Clarivate", keep=True)


def test_markup_in_a_term_is_left_out() -> None:
    text = dca(
        section("en", "<term>CO<hi>2</hi> flux</term>"), section("ru", "<term>поток CO<hi>2</hi></term>")
    )
    assert only(text) == Term(term="CO2 flux", translation="поток CO2")


def test_concepts_without_a_word_in_one_of_the_languages_are_counted() -> None:
    gone = section("ru", "<term>сток</term>" + note("deprecatedTerm-admn-sts"))
    sign = section("ru", "<term>§</term>")
    bodies = (section("en", "<term>sink</term>") + other for other in ("", gone, sign))
    text = DCA.format("".join(f"<conceptEntry>{body}</conceptEntry>" for body in bodies))
    assert parse(text.encode(), "en", "ru") == Termbase((), 3)


def test_entities_are_not_resolved(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    doctype = f'<!DOCTYPE tbx [<!ENTITY own "bomb"><!ENTITY file SYSTEM "{tmp_path / "secret"}">]>'
    for entity in ("&own;", "&file;"):
        body = dca(section("en", f"<term>a{entity}</term>"), section("ru", "<term>б</term>"))
        text = body.replace("<tbx ", doctype + "<tbx ", 1)
        assert parse(text.encode(), "en", "ru") == Termbase((), 1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "cannot be read"),
        (b"<tbx><text>", "cannot be read"),
        (b"<html><body>x</body></html>", "is it TBX?"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_what_is_no_termbase_says_so(data: bytes, says: str) -> None:
    with pytest.raises(BadTermbase, match=says):
        parse(data, "en", "ru")


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tbx, "LARGEST", 10)
    path = tmp_path / "big.tbx"
    path.write_bytes(b"<tbx>      </tbx>")
    with pytest.raises(BadTermbase, match="larger than 10 bytes"):
        tbx.read(path, "en", "ru")
    with pytest.raises(BadTermbase, match="No such file"):
        tbx.read(tmp_path / "none.tbx", "en", "ru")


# --- into a file ------------------------------------------------------------------------------------------

SINK = Term(term="carbon sink", translation="поглотитель углерода", also=("C sink",))
ODD = Term(term='a "b" \\ c', translation="б\x7fв «г»", forms=("б*",), case=True)


def test_terms_are_written_so_that_they_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "glossary" / "ru.toml"
    terms = (SINK, ODD, Term(term="Clarivate", keep=True))
    assert toml.add(path, terms, "en") == 3
    assert load(path).terms == terms
    assert toml.add(path, terms, "en") == 0


def test_what_a_person_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "ru.toml"
    path.write_text(
        '# ours\n[[terms]]\nterm = "Carbon Sink" # yes\ntranslation = "сток"\nalso = ["WHO"]', "utf-8"
    )
    who = Term(term="World Health Organization", translation="ВОЗ", also=("WHO", "W.H.O.", "Clarivate"))
    assert toml.add(path, (SINK, who, Term(term="Clarivate", keep=True)), "en") == 2
    assert path.read_text("utf-8").startswith('# ours\n[[terms]]\nterm = "Carbon Sink" # yes\n')
    assert [term.translation for term in load(path).terms] == ["сток", "ВОЗ", None]
    assert load(path).terms[1].also == ("W.H.O.",)


@pytest.mark.parametrize(
    ("there", "says"),
    [
        ('source = "de"', "source: is 'de', the terms are of 'en'"),
        ('terms = [{term = "a", keep = true}]', r"write its terms as \[\[terms\]\]"),
        ("term =", "not TOML"),
    ],
)
def test_a_file_that_cannot_take_them_is_left_alone(tmp_path: Path, there: str, says: str) -> None:
    path = tmp_path / "ru.toml"
    path.write_text(there, "utf-8")
    with pytest.raises(ConfigError, match=says):
        toml.add(path, (SINK,), "en")
    assert path.read_text("utf-8") == there
