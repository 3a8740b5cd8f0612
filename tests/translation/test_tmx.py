from __future__ import annotations

import re
import resource
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from distributor.errors import DistributorError
from distributor.translation import tmx
from distributor.translation.tmx import BadMemory, Unit

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
TIMES = st.datetimes(
    min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)
).map(lambda time: time.replace(microsecond=0))  # fmt: skip
LANGUAGES = st.sampled_from(["en", "en-US", "ru", "zh-Hans", "zh-TW", "pt-BR", "pt-PT", "sr-Latn-RS"])
PAIRS = st.tuples(LANGUAGES, LANGUAGES).filter(lambda pair: pair[0] != pair[1])
UNITS = st.builds(
    lambda pair, *more: Unit(*pair, *more),
    PAIRS,
    TEXT,
    TEXT,
    st.sampled_from(["machine", "edited"]),
    TEXT,
    st.none() | TIMES,
)


def written(*units: Unit) -> bytes:
    out = BytesIO()
    assert tmx.write(units, out) == len(units)
    return out.getvalue()


def units(raw: bytes | str, source: str = "", target: str = "") -> list[Unit]:
    return list(tmx.read(BytesIO(raw.encode() if isinstance(raw, str) else raw), source, target))


def document(body: str, header: str = '<header srclang="en"/>', doctype: str = "") -> str:
    return f'<?xml version="1.0"?>\n{doctype}\n<tmx version="1.4">{header}<body>\n{body}\n</body></tmx>'


def tu(segment: str, target: str = "Привет", language: str = "ru") -> str:
    return (
        f'<tu><tuv xml:lang="en"><seg>{segment}</seg></tuv>'
        f'<tuv xml:lang="{language}"><seg>{target}</seg></tuv></tu>\n'
    )


def bare(text: str) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", text)


# --- both ways --------------------------------------------------------------------------------------------


@given(st.lists(UNITS, max_size=4))
@example([Unit("en", "ru", "a\r\nb\rc\td \x85\u2028 ", "<b>&amp;]]></b>", "machine", "argos 1.9", WHEN)])
@example([Unit("en", "ru", "", " "), Unit("de", "ru", "\ud800\ufffe\x00\x0b", "\U0010ffff")])
def test_what_was_written_is_read_without_what_xml_cannot_carry(them: list[Unit]) -> None:
    assert units(written(*them)) == [
        Unit(u.source_language, u.target_language, bare(u.source), bare(u.target),
             u.origin, bare(u.model), u.changed)
        for u in them
    ]  # fmt: skip


def test_the_file_says_what_the_specification_asks_for() -> None:
    elsewhere = WHEN.astimezone(timezone(timedelta(hours=3)))
    raw = written(
        Unit("en", "ru", "One", "Один", "machine", "argos en_ru 1.9", elsewhere),
        Unit("de", "ru", "Zwei", "Два"),
    )  # fmt: skip
    declaration, doctype, _ = raw.split(b"\n", 2)
    assert declaration == b"<?xml version='1.0' encoding='utf-8'?>"
    assert doctype == b'<!DOCTYPE tmx SYSTEM "tmx14.dtd">'
    root = etree.fromstring(raw)
    header = root.find("header")
    assert dict(header.attrib).keys() == {
        "creationtool", "creationtoolversion", "segtype", "o-tmf", "adminlang", "srclang", "datatype"
    }  # fmt: skip
    assert (root.get("version"), header.get("srclang"), header.get("segtype")) == ("1.4", "en", "sentence")
    first, second = root.iter("tu")
    assert [(p.get("type"), p.text) for p in first.iter("prop")] == [
        ("x-origin", "machine"),
        ("x-model", "argos en_ru 1.9"),
    ]
    assert first[-1].get("changedate") == "20260304T050607Z"
    assert (first.get("srclang"), second.get("srclang")) == (None, "de")


def test_an_empty_memory_is_a_memory() -> None:
    assert units(written()) == []
    assert b'srclang="*all*"' in written()


# --- what others write ------------------------------------------------------------------------------------

FOREIGN = """<?xml version="1.0" encoding="{encoding}"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<!-- exported -->
<tmx version="1.4">
  <header creationtool="MemoQ" creationtoolversion="10.2" segtype="sentence" adminlang="en-us"
          creationid="somebody" srclang="en-us" o-tmf="MemoQTM" datatype="unknown">
    <prop type="defclient">A client</prop>
    <note>Anything</note>
  </header>
  <body>
    <tu changedate="20230504T101112Z" creationdate="20200101T000000Z" creationid="a" changeid="b">
      <prop type="x-document">release.docx</prop>
      <tuv xml:lang="en-us">
        <prop type="x-context-pre">&lt;seg&gt;Before.&lt;/seg&gt;</prop>
        <seg><bpt i="1" type="bold">{{\\b </bpt>Water<ept i="1">}}</ept> &amp; <hi type="term">ice</hi>.</seg>
      </tuv>
      <tuv xml:lang="RU">
        <seg><bpt i='1'>&lt;b&gt;</bpt>Вода<ept i='1'>&lt;/b&gt;</ept> и <hi><hi>лёд</hi></hi>.</seg>
      </tuv>
      <tuv xml:lang="ZH-TW" creationdate="20240101T000000Z"><seg>水和冰。</seg></tuv>
    </tu>
    <tu srclang="de_DE">
      <note>old style</note>
      <tuv lang="de"><seg>Bild <ph x="1">&lt;img alt="<sub>ein Hund</sub>"/&gt;</ph> hier<it pos="begin">x</it></seg></tuv>
      <tuv lang="zh_CN" creationdate="2021-02-03T04:05:06+02:00"><seg>图<!-- no --> 片<ut>{{\\i}}</ut></seg></tuv>
    </tu>
  </body>
</tmx>
"""  # noqa: E501


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_memory_of_another_tool(encoding: str) -> None:
    said = "utf-8" if encoding.startswith("utf-8") else "utf-16"
    got = units(FOREIGN.format(encoding=said).encode(encoding))
    edited = datetime(2023, 5, 4, 10, 11, 12, tzinfo=UTC)
    assert got == [
        Unit("en-US", "ru", "Water & ice.", "Вода и лёд.", changed=edited),
        Unit("en-US", "zh-TW", "Water & ice.", "水和冰。", changed=datetime(2024, 1, 1, tzinfo=UTC)),
        Unit("de", "zh-CN", "Bild ein Hund hier", "图 片", changed=datetime(2021, 2, 3, 2, 5, 6, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("source", "target", "pairs"),
    [
        ("", "", ["en-US ru", "en-US zh-TW", "de zh-CN"]),
        ("en", "", ["en-US ru", "en-US zh-TW"]),
        ("", "zh-Hant", ["en-US zh-TW"]),
        ("de-AT", "zh-Hans", ["de zh-CN"]),
        ("ru", "", []),
    ],
)
def test_only_the_wanted_languages(source: str, target: str, pairs: list[str]) -> None:
    got = units(FOREIGN.format(encoding="utf-8"), source, target)
    assert [f"{u.source_language} {u.target_language}" for u in got] == pairs


def test_with_all_as_source_every_language_is_one() -> None:
    body = "<tu>" + "".join(f'<tuv xml:lang="{x}"><seg>{x}</seg></tuv>' for x in ("en", "de", "ru")) + "</tu>"
    raw = document(body, '<header srclang="*all*"/>')
    got = [(u.source, u.target) for u in units(raw)]
    assert got == [("en", "de"), ("en", "ru"), ("de", "en"), ("de", "ru"), ("ru", "en"), ("ru", "de")]
    assert [(u.source, u.target) for u in units(raw, "de", "ru")] == [("de", "ru")]


def test_a_namespace_does_no_harm() -> None:
    raw = document(tu("Hi")).replace("<tmx ", '<tmx xmlns="http://www.lisa.org/tmx14" ')
    assert [u.source for u in units(raw)] == ["Hi"]


@pytest.mark.parametrize("value", ["", "yesterday", "20230230T000000Z", "00010101T000000+2300"])
def test_a_date_that_is_none_is_not_a_fault(value: str) -> None:
    raw = document(tu("Hi").replace("<tu>", f'<tu changedate="{value}">'))
    assert [u.changed for u in units(raw)] == [None]


# --- what cannot be used ----------------------------------------------------------------------------------


def test_what_is_left_out_is_counted_with_its_reason() -> None:
    left_out = Counter[str]()
    body = (
        tu("One", language="x-klingon")
        + tu("Two", language="x-klingon")
        + tu("A&nbsp;B")
        + "<tu>" + '<tuv xml:lang="en"><seg>x</seg></tuv>' * 201 + "</tu>"
        + '<tu srclang="fr"><tuv xml:lang="en"><seg>x</seg></tuv></tu>'
        + '<tu><tuv xml:lang="en"/><tuv xml:lang="ru"><seg>x</seg></tuv></tu>'
        + tu("Three")
    )  # fmt: skip
    raw = document(body, doctype='<!DOCTYPE tmx SYSTEM "tmx14.dtd">').encode()
    assert [u.source for u in tmx.read(BytesIO(raw), left_out=left_out)] == ["Three"]
    assert left_out == {
        "the language code 'x-klingon'": 2,
        "an entity of the file's own in the text": 1,
        "more than 200 languages in one <tu>": 1,
        "no text in the source language 'fr'": 1,
        "no text in the source language 'en'": 1,
    }


def test_the_reasons_do_not_become_many() -> None:
    left_out = Counter[str]()
    raw = document("".join(tu("One", language=f"x-{i}") for i in range(500))).encode()
    assert not list(tmx.read(BytesIO(raw), left_out=left_out))
    assert len(left_out) == 101
    assert left_out["other reasons"] == 400


# --- hostile and broken -----------------------------------------------------------------------------------

LAUGHS = '<!DOCTYPE tmx [<!ENTITY l0 "ha">' + "".join(
    f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(12)
) + "]>"  # fmt: skip


@pytest.mark.parametrize("where", [tu("&l12;"), tu("x", language="&l12;")], ids=["text", "attribute"])
def test_laughter_does_not_swell(where: str) -> None:
    raw = document(tu("Before") + where + tu("After"), doctype=LAUGHS)
    reading = tmx.read(BytesIO(raw.encode()))
    assert next(reading).source == "Before"
    with pytest.raises(BadMemory, match="amplification"):
        next(reading)


def test_other_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    doctype = f'<!DOCTYPE tmx [<!ENTITY s SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    assert [u.source for u in units(document(tu("A &s;") + tu("B"), doctype=doctype))] == ["B"]


@pytest.mark.parametrize("step", [1, 7, 2**16])
def test_of_a_truncated_file_what_is_there_is_read(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tmx, "_STEP", step)
    raw = document(tu("One") + tu("Two") + tu("Three"))
    reading = tmx.read(BytesIO(raw[: raw.index("Three") + 3].encode()))
    assert [u.source for u in islice(reading, 2)] == ["One", "Two"]
    with pytest.raises(BadMemory, match=r"^line 6: the XML is broken: .*seg") as raised:
        next(reading)
    assert raised.value.line == 6


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        pytest.param(document(tu("One") + "<tu></tuv>"), "line 5: .*mismatch: tu line 5 and tuv", id="tags"),
        pytest.param(document(tu("One") + tu("&#31;")), "line 5: .*xmlParseCharRef", id="character"),
        pytest.param("", "no element found", id="empty"),
        pytest.param("en\tru\nOne\tОдин\n", "line 1: .*Start tag expected", id="a table"),
        pytest.param("<xliff><file/></xliff>", "no TMX: its root is <xliff>", id="another format"),
        pytest.param("<html><tu/></html>", "no TMX: its root is <html>", id="a page"),
        pytest.param(b"PK\x03\x04" + b"\0" * 99, "line 1", id="an archive"),
        pytest.param(document(tu("<hi>" * 300)), "line 4: .*depth", id="deep"),
        pytest.param(document(tu("x" * 10_000_001)), "line 4: .*too long", id="long"),
        pytest.param(document("<p/>" * 5_000_000 + tu("One")), "no end of a <tu>", id="no units"),
        pytest.param(document("<tu>" + "<tuv/>" * 3_000_000 + "</tu>"), "no end of a <tu>", id="large unit"),
    ],
)
def test_what_is_wrong_is_said(raw: bytes | str, said: str) -> None:
    with pytest.raises(BadMemory, match=said) as raised:
        units(raw)
    assert isinstance(raised.value, DistributorError)


# --- large ------------------------------------------------------------------------------------------------


def many(count: int) -> Iterator[Unit]:
    for i in range(count):
        yield Unit("en", "ru", f"Sentence {i} " + "and more " * 20, f"Предложение {i} " + "и ещё " * 20)


def test_fifty_thousand_units_pass_through_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.tmx"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # libxml2's memory is unknown to Python
    tracemalloc.start()
    try:
        with path.open("wb") as out:
            assert tmx.write(many(50_000), out) == 50_000
        with path.open("rb") as file:
            assert sum(1 for _ in tmx.read(file)) == 50_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 25_000_000
    assert peak < 3_000_000
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 12_000_000
