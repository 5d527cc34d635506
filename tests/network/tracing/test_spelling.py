"""Packets as a few words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.packet import From, Origin, Packet
from apps.network.tracing.spelling import FLAGS, read_packet, spell

PORTS = st.integers(0, 65535)
FOUR, SIX = st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)
ORIGINS = st.sampled_from(
    [Origin(), Origin(From.HOST), Origin(From.JAIL, "www"), Origin(From.OUTSIDE, "re1")]
)


def packets(addresses: st.SearchStrategy[str]) -> st.SearchStrategy[Packet]:
    flags = st.frozensets(st.sampled_from(FLAGS))
    return st.builds(
        Packet,
        origin=ORIGINS,
        src=addresses | st.just(""),
        dst=addresses,
        sport=PORTS,
        dport=PORTS,
        flags=flags,
    )


@given(packets(FOUR) | packets(SIX))
def test_what_is_spelled_reads_back(packet):
    assert read_packet(spell(packet)) == packet


@pytest.mark.parametrize(
    "text",
    [
        "jail:www tcp 198.51.100.7:443 syn",
        "outside icmp 198.51.100.7 192.0.2.10 type=0 id=7",
        "host udp [2001:db8::1]:53",
        "reply syn,ack",
        "reply after=30",
        "outside:re1 47 198.51.100.7 192.0.2.10",
    ],
)
def test_words_stay_as_they_are(text):
    assert spell(read_packet(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "jail tcp 192.0.2.1", "host:x tcp 192.0.2.1", "nobody tcp 192.0.2.1", "host tcp",
        "host tcp 192.0.2.1:70000",
        "host icmp 192.0.2.1:80", "host tcp 192.0.2.1 2001:db8::1", "host tcp 192.0.2.1 [2001:db8::1]:80",
        "host t;p 192.0.2.1", "host 256 192.0.2.1", "host tcp 192.0.2.1 syn,x", "host tcp 192.0.2.1 type=x",
        "jail:a/b tcp 192.0.2.1", "host tcp \x00", "host tcp 192.0.2.1 " + "x" * 400,
    ],
)  # fmt: skip
def test_what_is_no_packet_is_refused(text):
    with pytest.raises(InvalidInput):
        read_packet(text)
