"""What a piece of HTML says, without the HTML."""

from __future__ import annotations

import html
import re

import nh3

HIDDEN = {"script", "style", "title", "template", "iframe", "object", "svg", "select", "textarea"}
"""Elements whose content is not text for readers."""

LONGEST_LINE = 5000
"""Characters of markup."""

_any_tag = re.compile(r"<[^>]*>")
_bare_ampersand = re.compile(r"&(?!#\d{1,7};|#[xX][\da-fA-F]{1,6};|[A-Za-z][A-Za-z\d]{1,31};)")
_stray_angle = re.compile(r"<(?!/?[A-Za-z][\w:-]*(?:[\s/][^<>]*)?>|!--)")
_block = re.compile(
    r"<(?=/?(?:p|div|br|hr|li|ul|ol|d[dlt]|t[dhr]|table|caption|figure|figcaption|blockquote|pre|h[1-6]"
    r"|section|article|header|footer)\b)",
    re.IGNORECASE,
)


def fold(text: str) -> str:
    """White space, of whatever kind and amount, as single spaces."""
    return " ".join(text.split())


def escape_ampersands(text: str) -> str:
    """`&` as `&amp;` where it begins no reference. The HTML parser takes quadratic time over bare ones
    (two million: 37 s), and would read `AT&COPY` as `AT©`."""
    return _bare_ampersand.sub("&amp;", text)


def plain(fragment: str) -> str:
    """The text of a *sanitised* fragment on one line: blocks apart by a space, references decoded once."""
    return fold(html.unescape(_any_tag.sub("", _block.sub(" <", fragment))))


def plain_line(markup: str) -> str:
    """The text of a headline, a caption, a name, which may be plain text or markup, and anything: nothing of
    scripts, references decoded once; a `<` that opens no tag (`p < 0.05`, `P<NP`) is kept."""
    line = _stray_angle.sub("&lt;", escape_ampersands(markup[:LONGEST_LINE]))
    return plain(nh3.clean(_block.sub(" <", line), tags=set(), clean_content_tags=HIDDEN))
