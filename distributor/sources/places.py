"""Where an item says that it is about: GeoRSS (simple and GML), W3C geo, Dublin Core's `spatial`.

feedparser gives up a whole feed for one position that it cannot read, so these are read from the tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from lxml import etree

from channels.story import Place
from distributor.markup import plain_line

GEORSS = (
    "http://www.georss.org/georss",
    "http://www.georss.org/georss/10",
    "http://www.georss.org/georss/11",
)
GML = ("http://www.opengis.net/gml", "http://www.opengis.net/gml/3.2")
GEO = "http://www.w3.org/2003/01/geo/wgs84_pos#"
SPATIAL = "{http://purl.org/dc/terms/}spatial"
MOST = 20
"""Places of one item."""
LONGEST_NAME = 300


def named(item: Any) -> tuple[Place, ...]:
    """The places of an lxml element, each once."""
    positions = list(dict.fromkeys(_positions(item)))
    names = list(_texts(item, *(f"{{{space}}}feature{n}ame" for space in GEORSS for n in "nN")))
    if len(positions) == len(names) == 1:
        found = [Place(names[0], positions[0])]
    else:  # nobody says which name is whose
        found = [Place(position=position) for position in positions] + [Place(name) for name in names]
    # "name=Perth; north=-31.9" is DCMI's own notation, and no name for readers.
    known = {place.name for place in found}
    spatial = [Place(name) for name in _texts(item, SPATIAL) if "=" not in name and name not in known]
    return tuple(dict.fromkeys([*found, *spatial]))[:MOST]


def taken_out(root: Any) -> None:
    """Change the tree, so that nobody stumbles over a position."""
    spaces = (*GEORSS, *GML, GEO)
    etree.strip_elements(root, *(f"{{{space}}}*" for space in spaces), SPATIAL, with_tail=False)


def _texts(item: Any, *names: str) -> Iterator[str]:
    for element in islice(item.iter(*names), MOST):
        if (text := plain_line("".join(element.itertext()))) and len(text) <= LONGEST_NAME:
            yield text


def _positions(item: Any) -> Iterator[tuple[float, float]]:
    for point in islice(item.iter(*(f"{{{space}}}point" for space in GEORSS)), MOST):
        yield from _position(point.text)
    for pos in islice(item.iter(*(f"{{{space}}}pos" for space in GML)), MOST):
        if _is_latitude_first(pos):
            yield from _position(pos.text)
    for latitude in islice(item.iter(f"{{{GEO}}}lat"), MOST):
        longitude = latitude.getparent().find(f"{{{GEO}}}long")
        if longitude is not None:
            yield from _position(f"{latitude.text} {longitude.text}")


def _is_latitude_first(pos: Any) -> bool:
    """GeoRSS GML §"Coordinate reference systems": WGS 84, as long as nothing else is said."""
    point = pos.getparent()
    if not point.tag.endswith("}Point"):
        return False
    system = pos.get("srsName") or point.get("srsName") or ""
    return not system or system.endswith(":4326")


def _position(text: str | None) -> Iterator[tuple[float, float]]:
    """None, if it is nowhere on the globe."""
    try:
        latitude, longitude = map(float, (text or "")[:100].replace(",", " ").split())
    except ValueError:
        return
    if -90 <= latitude <= 90 and -180 <= longitude <= 180:
        yield latitude, longitude
