"""What each option of `ipfw nat N config` means. Source: reference ipfw §5.1, §5.3; ipfw(8)."""

from __future__ import annotations

MEANINGS = {
    "same_ports": "Keep the source port where it is free. Some programs and firewalls count on it.",
    "unreg_only": "Translate only sources in 10/8, 172.16/12 and 192.168/16; others keep their address.",
    "unreg_cgn": "The same with 100.64/10 as well, for carrier-grade NAT. Newer releases only.",
    "reset": "Forget all conversations when the public address changes.",
    "deny_in": "Drop what comes in and belongs to no conversation and no forward. "
    "The host's own connections then have to pass NAT too: the recommended set sees to it.",
    "log": "Count conversations by protocol: ipfw nat show log prints the counts.",
    "skip_global": "Leave this instance out where a rule says “nat global”.",
    "reverse": "Turn the directions round: what comes in is treated as going out. For transparent proxies.",
    "proxy_only": "Only pass on to transparent proxies; addresses stay as they are. "
    "Jails then leave with private addresses.",
    "udp_eim": "Give one inner address and port the same public port towards everyone (for games and calls). "
    "Newest releases only.",
}
USUAL = ("same_ports", "reset")
ODD = frozenset({"reverse", "proxy_only"})
FIRST_NUMBER = 123
