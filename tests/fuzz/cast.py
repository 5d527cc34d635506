"""The host on which generated rules are tried, and who speaks with it."""

from __future__ import annotations

HOST, PUBLIC2, HOST6 = "192.0.2.10", "192.0.2.11", "2001:db8::10"
JAIL_NET = "10.0.0.0/24"
JAILS = ("10.0.0.5", "10.0.0.6", "10.0.0.7")
JAILS6 = ("fd00::5", "fd00::6")
NEIGHBOUR = "192.0.2.99"
OUTSIDE = ("198.51.100.80", "203.0.113.9", NEIGHBOUR)
OUTSIDE6 = ("2001:db8:1::80",)
INTERFACES = (
    ("re0", (f"{HOST}/24", f"{PUBLIC2}/32", f"{HOST6}/64")),
    ("lo0", ("127.0.0.1/8", "::1/128")),
    ("lo1", ("10.0.0.1/24", *(f"{jail}/32" for jail in JAILS), *(f"{jail}/64" for jail in JAILS6))),
)
LOCAL = frozenset(address.partition("/")[0] for _, given in INTERFACES for address in given)
