"""NewsML-G2 2.35 at power conformance (IPTC): https://iptc.org/std/NewsML-G2/specification/"""

from __future__ import annotations

from lxml import etree

from channels.formats import about, fragment
from channels.formats.elements import (
    LANG,
    add,
    language_tag,
    line,
    picture_address,
    root,
    timestamp,
    to_bytes,
    uri,
    web_address,
)
from channels.formats.ninjs import SOURCE_TYPES
from channels.formats.phrases import direction, is_spaced, phrases_for
from channels.story import Media, Place, Role, Story

MEDIA_TYPE = "application/vnd.iptc.g2.newsitem+xml"

NAMESPACE = "http://iptc.org/std/nar/2006-10-01/"
XHTML = "http://www.w3.org/1999/xhtml"
CATALOG = "http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_41.xml"
"""Says what the schemes in our QCodes stand for (`stat`, `sig`, `irel`, …)."""

# News item nature, http://cv.iptc.org/newscodes/ninature/: it knows no document; a report is a text.
NATURES: dict[Role, str] = {"picture": "picture", "video": "video", "audio": "audio", "document": "text"}

ELEMENTS = frozenset(
    (
        "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre",
        "hr", "figure", "figcaption", "table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr",
        "th", "td", "div", "a", "em", "strong", "b", "i", "u", "s", "small", "mark", "sup", "sub", "code",
        "kbd", "samp", "var", "q", "cite", "dfn", "abbr", "del", "ins", "span", "br", "img", "ruby", "rt",
        "rp", "bdi", "bdo", "body",
    )
)  # fmt: skip
ATTRIBUTES = frozenset(("alt", "title", "width", "height", "colspan", "rowspan", "lang", "dir", "translate"))


def encode(story: Story) -> bytes:
    """One `newsItem`, UTF-8. Raises: UnicodeEncodeError where the text has lone surrogates."""
    language = language_tag(story.language)
    attributes = {
        "guid": uri(story.uri),
        "version": max(story.version, 1),
        "standard": "NewsML-G2",
        "standardversion": "2.35",
        "conformance": "power",
        LANG: language,
        "dir": direction(language),
    }
    item = root(NAMESPACE, "newsItem", attributes)
    add(item, "catalogRef", "", {"href": CATALOG})
    _rights(item, story)
    _management(add(item, "itemMeta"), story)
    _about(add(item, "contentMeta"), story)
    _positions(item, story)
    # A system that overlooks the status finds nothing to publish.
    if story.pub_status != "canceled":
        _content(add(item, "contentSet"), story)
    return to_bytes(item)


def _rights(item: etree._Element, story: Story) -> None:
    terms = web_address(story.license)
    if not (story.rights or terms):
        return
    rights = add(item, "rightsInfo")
    if story.rights:
        add(rights, "copyrightNotice", line(story.rights))
    if terms:
        add(rights, "link", "", {"href": terms})


def _management(meta: etree._Element, story: Story) -> None:
    """Item metadata, §"Item Management"; their order is fixed."""
    add(meta, "itemClass", "", {"qcode": "ninat:text"})
    _named(meta, "provider", story.source or story.uri)
    add(meta, "versionCreated", timestamp(story.updated))
    add(meta, "firstCreated", timestamp(story.published))
    if story.embargoed_until:
        add(meta, "embargoed", timestamp(story.embargoed_until))
    add(meta, "pubStatus", "", {"qcode": f"stat:{story.pub_status}"})
    _note(meta, story)
    if story.version > 1 and story.pub_status != "canceled":
        add(meta, "signal", "", {"qcode": "sig:correction"})
    _links(meta, story)


def _note(meta: etree._Element, story: Story) -> None:
    phrases = phrases_for(story.language)
    if story.ed_note:
        add(meta, "edNote", line(story.ed_note))
    elif story.pub_status == "canceled":
        add(meta, "edNote", phrases.withdrawn, {LANG: phrases.language})


def _links(meta: etree._Element, story: Story) -> None:
    """§"Link": the version before, the original's item and page, media. A link's language is `xml:lang`."""
    if story.version > 1:
        before = {"rel": "irel:previousVersion", "residref": uri(story.uri), "version": story.version - 1}
        add(meta, "link", "", before)
    language = language_tag(story.original_language)
    if about.is_translated(story):
        item = {"rel": "irel:translatedFrom", "residref": uri(story.original_uri), LANG: language}
        add(meta, "link", "", item)
    if address := web_address(story.url):
        relation = "seeAlso" if story.origin == "original" else "translatedFrom"
        original = {"rel": f"irel:{relation}", "href": address, "contenttype": "text/html", LANG: language}
        add(meta, "link", "", original)
    for media in story.media:
        if address := about.address(story, media):
            _media(meta, media, address, language_tag(story.language))


def _media(meta: etree._Element, media: Media, address: str, language: str) -> None:
    """Not `remoteContent`: that would be another rendition of the text. Hints say what is at the address.

    A file beside the item is identified by where it came from.
    """
    original = web_address(media.url)
    place = {"href": address, "residref": original if original != address else ""}
    attributes = {"contenttype": media.type, "size": media.length, "title": media.title, LANG: language}
    link = add(meta, "link", "", {"rel": "irel:seeAlso", **place, **attributes})
    add(link, "itemClass", "", {"qcode": f"ninat:{NATURES[media.role]}"})
    if media.title:
        add(link, "headline", line(media.title))
    if media.credit:
        add(link, "creditline", line(media.credit))
    if media.caption:
        add(link, "description", line(media.caption), {"role": "drol:caption"})
    if media.alt:
        add(link, "description", line(media.alt))


def _about(meta: etree._Element, story: Story) -> None:
    """Content metadata: administrative before descriptive."""
    add(meta, "urgency", str(story.urgency))
    add(meta, "contentCreated", timestamp(story.published))
    add(meta, "contentModified", timestamp(story.updated))
    if source := SOURCE_TYPES.get(story.origin):
        add(
            add(meta, "digitalSourceType", "", {"uri": source["uri"]}),
            "name",
            source["literal"],
            {LANG: "en"},
        )
    if story.source:
        _named(meta, "infoSource", story.source)
    if story.publisher and story.publisher != story.source:
        _named(meta, "infoSource", story.publisher)
    for author in story.authors:
        _named(meta, "creator", author)
    if story.slug:
        add(meta, "altId", line(story.slug))
    _described(meta, story)


def _described(meta: etree._Element, story: Story) -> None:
    add(meta, "language", "", {"tag": language_tag(story.language)})
    for subject in about.subjects(story):
        known = about.concept(subject)
        value = {"uri": known} if known else {"literal": about.literal(subject) or subject.name}
        add(add(meta, "subject", "", value), "name", line(subject.name))
    for place in story.places:
        found = add(meta, "subject", "", {"type": "cpnat:geoArea", "literal": _called(place)})
        if place.name:
            add(found, "name", line(place.name))
    for category in story.categories:
        add(meta, "keyword", line(category))
    if story.slug:
        add(meta, "slugline", line(story.slug))
    add(meta, "headline", line(story.headline))
    if story.authors:
        add(meta, "by", line(", ".join(story.authors)))
    if story.summary:
        add(meta, "description", line(story.summary), {"role": "drol:summary"})


def _called(place: Place) -> str:
    """What its subject and its position are both known by."""
    return line(place.name) or about.geo_uri(place)


def _positions(item: etree._Element, story: Story) -> None:
    """§"Assert": what a subject itself has no room for, by the same literal."""
    for place in story.places:
        if found := about.degrees(place):
            details = add(add(item, "assert", "", {"literal": _called(place)}), "geoAreaDetails")
            add(details, "position", "", {"latitude": found[0], "longitude": found[1]})


def _named(meta: etree._Element, name: str, value: str) -> None:
    """§"Flexible properties": of no vocabulary, so a literal, and its name for people."""
    add(add(meta, name, "", {"literal": value}), "name", line(value))


def _content(content: etree._Element, story: Story) -> None:
    """§"Content set": the same text twice, as XHTML and as plain text; whoever receives takes one."""
    body = fragment.read(story.body)
    text = fragment.plain(body)
    counts = {"charcount": len(text), "wordcount": len(text.split()) if is_spaced(story.language) else None}
    markup = add(content, "inlineXML", "", {"contenttype": "application/xhtml+xml", **counts})
    markup.append(_page(story, body))
    add(content, "inlineData", text, {"contenttype": "text/plain", **counts})


def _page(story: Story, body: etree._Element) -> etree._Element:
    language = language_tag(story.language)
    page = root(XHTML, "html", {"lang": language, LANG: language, "dir": direction(language)})
    add(add(page, "head"), "title", line(story.headline))
    _to_xhtml(body)
    page.append(body)
    return page


def _to_xhtml(body: etree._Element) -> None:
    """XHTML5: in its namespace, `xml:lang` beside `lang`; of what is not known the text stays."""
    etree.strip_tags(body, *({element.tag for element in body.iter()} - ELEMENTS))
    for element in body.iter():
        told = {str(name): str(value) for name, value in element.attrib.items()}
        element.attrib.clear()
        element.tag = f"{{{XHTML}}}{element.tag}"
        for name in ATTRIBUTES & told.keys():
            element.set(name, told[name])
        for name, address in (("href", _address), ("src", picture_address)):
            if name in told and (found := address(told[name])):
                element.set(name, found)
        if "lang" in told:
            element.set(LANG, language_tag(told["lang"]))


def _address(found: str) -> str:
    return uri(found) if found.startswith("mailto:") else web_address(found)
