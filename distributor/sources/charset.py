"""Bytes of a feed into text, whatever it says about its charset."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
BARE = {
    b"<\x00\x00\x00": "utf-32-le",
    b"\x00\x00\x00<": "utf-32-be",
    b"<\x00": "utf-16-le",
    b"\x00<": "utf-16-be",
}
"""XML 1.0 appendix F: the first character without a mark."""

SUPERSETS = {
    "ascii": "utf-8",
    "iso8859-1": "cp1252",  # as browsers do (WHATWG Encoding §4.2)
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
}
SEVEN_BIT = {"iso2022_jp", "iso2022_kr", "hz"}
NOT_CHARSETS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"}
"""Python decodes them as well; a feed that says so is out for mischief."""

BY_LANGUAGE = {
    "ja": ("euc_jp", "cp932"),  # in this order: Shift JIS is seldom valid EUC, the reverse is usual
    "zh": ("gb18030", "big5hkscs"),
    "ko": ("cp949",),
    **dict.fromkeys(("ru", "uk", "bg", "be", "mk"), ("cp1251",)),
    **dict.fromkeys(("pl", "cs", "hu", "sk", "sl", "hr", "ro"), ("cp1250",)),
    "el": ("cp1253",),
    "tr": ("cp1254",),
    "he": ("cp1255",),
    "ar": ("cp1256",),
}
"""What a feed in that language most likely is in, if not in what it says."""

_declaration = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_charset = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_language = re.compile(rb"""(?:<(?:dc:)?language>\s*|xml:lang=["'])([A-Za-z]{2})\b""")


def decode(body: bytes, headers: Mapping[str, str]) -> tuple[str, str]:
    """The text, and a warning if its charset is another than it says ("" if not)."""
    for mark, name in BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace"), ""
    for first, name in BARE.items():
        if body.startswith(first):
            return body.decode(name, "replace"), ""
    declared = list(_declared(body, headers))
    name = _first_that_fits(body, declared)
    said = declared[0] if declared else "utf-8"
    fits = name in [SUPERSETS.get(d, d) for d in declared or ["utf-8"]] or body.isascii()
    warning = "" if fits else f"its charset is said to be {said}, and is not; read as {name}"
    return body.decode(name, "replace"), warning


def _declared(body: bytes, headers: Mapping[str, str]) -> Iterator[str]:
    """The XML declaration first: servers add a charset to whatever they send."""
    in_body = _declaration.match(body)
    in_header = _charset.search(headers.get("content-type", ""))
    for name in (in_body and in_body[1].decode(), in_header and in_header[1]):
        try:
            codec = codecs.lookup(name) if name else None
        except (LookupError, ValueError):
            continue
        if codec and codec.name not in NOT_CHARSETS and not codec.name.startswith(("utf-16", "utf-32")):
            yield codec.name


def _first_that_fits(body: bytes, declared: list[str]) -> str:
    if body.isascii():
        return next((name for name in declared if name in SEVEN_BIT), "utf-8")
    # Text that happens to be valid UTF-8 is UTF-8: in a feed's length it is nothing else by chance.
    guessed = _language.search(body)
    legacy = BY_LANGUAGE.get(guessed[1].decode().lower(), ()) if guessed else ()
    for name in ("utf-8", *(SUPERSETS.get(d, d) for d in declared), *legacy):
        if _is(body, name):
            return name
    return "utf-8" if _mostly_utf8(body) else "cp1252"


def _is(body: bytes, name: str) -> bool:
    try:
        body.decode(name)
    except (UnicodeError, LookupError):
        return False
    return True


def _mostly_utf8(body: bytes) -> bool:
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return broken * 10 <= sum(not c.isascii() for c in text) - broken
