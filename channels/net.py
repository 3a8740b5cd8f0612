"""Connections that keep away from private addresses unless told otherwise.

The check is made on the address that is connected to, not on the name that was looked up, so that neither
an address written as a literal nor a name that changes between look-up and connection gets around it.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import aiohttp

NAT64 = ip_network("64:ff9b::/96")  # RFC 6052 §2.1
COMPATIBLE = ip_network("::/96")  # RFC 4291 §2.5.5.1


class PrivateAddress(OSError):
    """The address is loopback, private, link-local or otherwise not on the public internet."""


def is_public(host: str) -> bool:
    """Whether the literal address `host` is on the public internet (IANA special-purpose registries)."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address):
        address = _inner(address) or address
    site_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not address.is_multicast and not site_local


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that `address` leads to, where it is a wrapping of one."""
    if address in NAT64 or address in COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])


def public_socket(addr_info: tuple[Any, ...]) -> socket.socket:
    """A socket for a public address. Raises: PrivateAddress."""
    family, kind, proto, _, address = addr_info
    if not is_public(address[0]):
        raise PrivateAddress(f"{address[0]} is a private address; allow_private = true permits it")
    return socket.socket(family, kind, proto)


def connector(*, allow_private: bool, limit: int = 100, per_host: int = 0) -> aiohttp.TCPConnector:
    """For an aiohttp session that goes to the public internet, or anywhere with `allow_private`."""
    factory = None if allow_private else public_socket
    return aiohttp.TCPConnector(limit=limit, limit_per_host=per_host, socket_factory=factory)


def kept_away(error: BaseException) -> bool:
    """Whether `error` of an aiohttp request comes from `public_socket`.

    With several addresses to try, aiohttp's connector folds their errors into one text.
    """
    cause = getattr(error, "os_error", error)
    return isinstance(cause, PrivateAddress) or " is a private address" in str(cause)
