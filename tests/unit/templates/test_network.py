"""Networks as templates describe them, and the addresses of their ranges."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from vmconsole.templates import syntax
from vmconsole.templates.errors import TemplateError
from vmconsole.templates.network import AddressRange, check_network

LAN = 'NAME = "lan"\nBRIDGE = "br0"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('NAME = "lan"', "BRIDGE, NETWORK, USER"),
        (LAN + 'NETWORK = "default"', "BRIDGE and NETWORK"),
        ('BRIDGE = "br0"', "NAME"),
        ('NAME = "7"\nBRIDGE = "br0"', "NAME"),
        ('NAME = "lan"\nBRIDGE = "br0;reboot"', "BRIDGE"),
        ('NAME = "lan"\nUSER = "NO"', "USER"),
        (LAN + 'VLAN_ID = "5000"', "VLAN_ID"),
        (LAN + 'GATEWAY = "here"', "GATEWAY"),
        (LAN + 'AR = [ IP = "10.0.0.1" ]', "SIZE"),
        (LAN + 'AR = [ SIZE = "4" ]', "IP"),
        (LAN + 'AR = [ IP = "10.0.0.1", SIZE = "70000" ]', "SIZE"),
        (LAN + 'AR = [ IP = "255.255.255.250", SIZE = "10" ]', "SIZE"),
        (LAN + 'AR = [ IP = "fe80::1", SIZE = "2" ]', "MAC"),
        (LAN + 'AR = [ IP = "fe80::1%eth0", SIZE = "2" ]', "IP"),
        (LAN + 'AR = [ TYPE = "IP4", IP = "fe80::1", SIZE = "2", MAC = "02:00:00:00:00:01" ]', "TYPE"),
        (f'{LAN}AR = [ IP = "{"ffff:" * 7}ffff", SIZE = "2", MAC = "02:00:00:00:00:01" ]', "SIZE"),
        (LAN + 'AR = [ IP = "10.0.0.1", SIZE = "2", MAC = "01:00:00:00:00:01" ]', "multicast"),
        (LAN + 'AR = [ IP = "10.0.0.1", SIZE = "2", COLOUR = "red" ]', "COLOUR"),
        (LAN + 'AR = [ IP = "10.0.0.1", SIZE = "5" ]\nAR = [ IP = "10.0.0.5", SIZE = "1" ]', "overlaps"),
    ],
)
def test_a_network_that_cannot_be_is_refused_with_what_is_wrong(text: str, named: str) -> None:
    with pytest.raises(TemplateError, match=named):
        check_network(syntax.parse(text))


def test_what_is_not_known_of_a_network_is_kept_as_its_attribute() -> None:
    spec = check_network(syntax.parse(LAN + 'VN_MAD = "bridge"\nDNS = "10.0.0.1 ::1"\nVLAN_ID = "12"'))
    assert (spec.kind, spec.source, spec.vlan) == ("bridge", "br0", "12")
    assert spec.attributes == {"VN_MAD": "bridge", "DNS": "10.0.0.1 ::1"}


def test_a_mac_address_is_made_of_the_ip_or_counted_from_the_first() -> None:
    first = IPv4Address("10.0.0.255")
    assert list(AddressRange(first, 2).pairs()) == [
        ("10.0.0.255", "02:00:0a:00:00:ff"),
        ("10.0.1.0", "02:00:0a:00:01:00"),
    ]
    counted = AddressRange(first, 2, "02:aa:00:00:00:ff")
    assert list(counted.pairs()) == [("10.0.0.255", "02:aa:00:00:00:ff"), ("10.0.1.0", "02:aa:00:00:01:00")]
    assert [counted.mac_of(ip) for ip in ("10.0.1.0", "10.0.1.1", "10.0.0.254", "::1")] == [
        "02:aa:00:00:01:00", None, None, None,
    ]  # fmt: skip
