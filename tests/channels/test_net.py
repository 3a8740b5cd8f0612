from __future__ import annotations

import socket

import aiohttp
import pytest
from receivers import HttpReceiver

from channels.net import PrivateAddress, connector, is_public, kept_away, public_socket

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:db8::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_the_inside_are_not_public_however_they_are_wrapped(address: str) -> None:
    assert not is_public(address)


def test_no_socket_is_made_for_a_private_address() -> None:
    with pytest.raises(PrivateAddress, match=r"^10\.0\.0\.1 is a private address; allow_private = true"):
        public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("10.0.0.1", 80)))


def test_a_socket_is_made_for_a_public_address() -> None:
    with public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("8.8.8.8", 80))) as made:
        assert made.family == socket.AF_INET


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:7f00:1]"])
async def test_no_way_of_writing_the_inside_gets_in(receiver: HttpReceiver, host: str) -> None:
    async with aiohttp.ClientSession(connector=connector(allow_private=False)) as http:
        with pytest.raises(aiohttp.ClientConnectorError) as raised:
            await http.get(receiver.url.replace("127.0.0.1", host))
    assert kept_away(raised.value)
    assert not receiver.connections


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
async def test_no_number_that_means_the_inside_gets_in(receiver: HttpReceiver, host: str) -> None:
    async with aiohttp.ClientSession(connector=connector(allow_private=False)) as http:
        with pytest.raises(aiohttp.ClientError):
            await http.get(receiver.url.replace("127.0.0.1", host))
    assert not receiver.connections


async def test_the_inside_is_open_to_who_may(receiver: HttpReceiver) -> None:
    async with aiohttp.ClientSession(connector=connector(allow_private=True)) as http:
        assert (await http.get(receiver.url)).status == 204


async def test_a_refused_connection_was_not_kept_away(nobody: int) -> None:
    async with aiohttp.ClientSession(connector=connector(allow_private=True)) as http:
        with pytest.raises(aiohttp.ClientConnectorError) as raised:
            await http.get(f"http://127.0.0.1:{nobody}/")
    assert not kept_away(raised.value)
