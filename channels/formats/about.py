"""What a story is about, for all formats: subjects of vocabularies, places on the globe."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from channels.formats.elements import web_address
from channels.story import Media, Place, Story, Subject


def subjects(story: Story) -> Iterator[Subject]:
    """Each category in order, with all that vocabularies have for it."""
    known: dict[str, list[Subject]] = {}
    for subject in story.subjects:
        known.setdefault(subject.name, []).append(subject)
    for name in story.categories:
        yield from known.get(name) or [Subject(name)]


def concept(subject: Subject) -> str:
    """The URI of a subject; empty where none can be told from what the feed says.

    It is the code itself or, as IPTC has it (NewsML-G2 §"QCodes"), scheme and code in one, for a scheme that
    ends as one does that is meant for that.
    """
    if subject.code.startswith(("http://", "https://")):
        return web_address(subject.code)
    if subject.code and subject.scheme.endswith(("/", "#")):
        return web_address(subject.scheme + quote(subject.code, safe=""))
    return ""


def literal(subject: Subject) -> str:
    """An identifier for what has no URI; empty where nobody has given any."""
    return ":".join(filter(None, (subject.scheme, subject.code)))


def address(story: Story, media: Media) -> str:
    """Where it is: the name of its file beside the item, or on the web; empty where it is neither."""
    return story.files.get(media.url) or web_address(media.url)


def is_translated(story: Story) -> bool:
    """Whether there is another item, the original, that this one can refer to."""
    return bool(story.original_uri) and story.original_uri != story.uri


def degrees(place: Place) -> tuple[str, str] | None:
    """Latitude and longitude in decimals, as XML's `decimal` has them, to some centimetres."""
    if not place.position:
        return None
    latitude, longitude = (f"{round(number, 7) + 0:.7f}".rstrip("0").rstrip(".") for number in place.position)
    return latitude, longitude


def geo_uri(place: Place) -> str:
    """RFC 5870; empty where the position is not known."""
    found = degrees(place)
    return f"geo:{found[0]},{found[1]}" if found else ""
