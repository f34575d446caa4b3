"""From where a door may be knocked at: the address that the front end saw, against a list of ranges."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from shared.push.exchange import refuse


def admit(peer: str | None, networks: Sequence[IPv4Network | IPv6Network]) -> None:
    """Raises Refused, 403, where there is a list and the peer is not in it."""
    if not networks:
        return
    address = parsed(peer)
    if address is None or not any(address in network for network in networks):
        raise refuse(403)


def parsed(peer: str | None) -> IPv4Address | IPv6Address | None:
    """`203.0.113.7`, `203.0.113.7:50123`, `2001:db8::1`, `[2001:db8::1]:443`; None where it is no address."""
    if not peer:
        return None
    try:
        address = ip_address(_bare(peer))
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _bare(peer: str) -> str:
    if peer.startswith("["):
        return peer[1:].partition("]")[0]
    return peer.partition(":")[0] if peer.count(":") == 1 else peer
