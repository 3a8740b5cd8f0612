"""Unpacking bit by bit, and never too much."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.sources.unpack import MOST_MEMBERS, Broken, TooLarge, Unpacker

PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    "gzip": lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:]),
    "deflate": zlib.compress,
    "br": lambda data: brotli.compress(data, quality=3),
}


@given(st.binary(max_size=2000), st.sampled_from(sorted(PACKED)), st.integers(1, 50))
def test_however_a_body_is_cut_into_steps_it_comes_out_whole(data: bytes, coding: str, step: int) -> None:
    packed = PACKED[coding](data)
    unpacker = Unpacker(coding, len(data))
    for start in range(0, len(packed), step):
        unpacker.feed(packed[start : start + step])
    assert unpacker.finish() == data


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_bomb_stops_at_the_limit_and_a_little(coding: str) -> None:
    unpacker = Unpacker(coding, 1_000_000)
    with pytest.raises(TooLarge, match="larger than 1,000,000 bytes"):
        unpacker.feed(PACKED[coding](bytes(50_000_000)))
    assert len(unpacker.body) <= 1_000_000


def test_thousands_of_empty_parts_are_not_gone_through() -> None:
    unpacker = Unpacker("gzip", 1000)
    with pytest.raises(Broken, match="parts"):
        unpacker.feed(gzip.compress(b"") * (MOST_MEMBERS + 5))
