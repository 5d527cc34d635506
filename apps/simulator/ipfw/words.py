"""The words of ipfw's language, and the names that a host's files give to numbers.

Source: reference ipfw §2; sbin/ipfw/ipfw2.c (tables of tokens); /etc/protocols and /etc/services, in part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from apps.simulator.ipfw.refused import USAGE, Refused

_PROTOCOLS = """
icmp=1 igmp=2 ggp=3 ipencap=4 st2=5 tcp=6 cbt=7 egp=8 igp=9 pup=12 udp=17 hmp=20 xns-idp=22 rdp=27
iso-tp4=29 dccp=33 xtp=36 ddp=37 ipv6=41 ipv6-route=43 ipv6-frag=44 idrp=45 rsvp=46 gre=47 dsr=48
esp=50 ah=51 narp=54 mobile=55 ipv6-icmp=58 ipv6-nonxt=59 ipv6-opts=60 eigrp=88 ospf=89 etherip=97
encap=98 pim=103 ipcomp=108 carp=112 l2tp=115 isis=124 sctp=132 mobility-header=135 udplite=136
mpls-in-ip=137 hip=139 shim6=140 pfsync=240"""
_SERVICES = """
echo=7 discard=9 daytime=13 chargen=19 ftp-data=20 ftp=21 ssh=22 telnet=23 smtp=25 mail=25 time=37
nameserver=42 whois=43 tacacs=49 domain=53 bootps=67 dhcps=67 bootpc=68 dhcpc=68 tftp=69 gopher=70
finger=79 http=80 www=80 kerberos=88 pop3=110 sunrpc=111 rpcbind=111 auth=113 ident=113 nntp=119
ntp=123 imap=143 imap2=143 snmp=161 snmptrap=162 bgp=179 irc=194 ldap=389 https=443 microsoft-ds=445
smtps=465 isakmp=500 exec=512 login=513 shell=514 syslog=514 router=520 submission=587 ldaps=636
domain-s=853 rsync=873 imaps=993 pop3s=995 openvpn=1194 nfsd=2049 nfs=2049 mysql=3306 svn=3690
postgresql=5432 sip=5060 x11=6000 ircd=6667"""


def _numbers(text: str) -> dict[str, int]:
    """Read `name=number` words."""
    return {name: int(number) for name, _, number in (word.partition("=") for word in text.split())}


PROTOCOLS = _numbers(_PROTOCOLS)
SERVICES = _numbers(_SERVICES)
ALIASES = {"icmp6": 58, "icmpv6": 58, "ipip": 4}
PROTOCOL_NAMES = {number: name for name, number in PROTOCOLS.items()}
ACTIONS = {
    **dict.fromkeys(("accept", "pass", "allow", "permit"), "allow"),
    **dict.fromkeys(("deny", "drop"), "deny"),
    **dict.fromkeys(("fwd", "forward"), "fwd"),
    **{word: word for word in ("count", "reject", "reset", "reset6", "abort", "abort6", "reass", "return")},
    **{word: word for word in ("unreach", "unreach6", "check-state", "nat", "setfib", "setdscp", "skipto")},
    **{word: word for word in ("pipe", "queue", "divert", "tee", "netgraph", "ngtee", "call", "tcp-setmss")},
    "//": "//",
}
NUMBERED = frozenset({"nat", "skipto", "pipe", "queue", "divert", "tee", "netgraph", "ngtee", "call"})
UNREACH = {
    name: number
    for number, name in enumerate(
        (
            *("net", "host", "protocol", "port", "needfrag", "srcfail", "net-unknown", "host-unknown"),
            *("isolated", "net-prohib", "host-prohib", "tosnet", "toshost", "filter-prohib"),
            *("host-precedence", "precedence-cutoff"),
        )
    )
}
UNREACH6 = {"no-route": 0, "admin-prohib": 1, "address": 3, "port": 4}
DSCP = {
    **{f"af{band}{drop}": 8 * band + 2 * drop for band in range(1, 5) for drop in range(1, 4)},
    "be": 0,
    "ef": 46,
    "va": 44,
    **{f"cs{band}": 8 * band for band in range(8)},
}
TCP_FLAGS = ("syn", "fin", "ack", "psh", "rst", "urg")
FRAG_FLAGS = ("rf", "df", "mf", "offset")
TCP_OPTIONS = ("mss", "window", "sack", "ts", "cc")
IP_OPTIONS = ("ssrr", "lsrr", "rr", "ts")
IP_TOS = ("lowdelay", "throughput", "reliability", "mincost", "congestion")
LIMIT_MASKS = ("src-addr", "src-port", "dst-addr", "dst-port")  # `all` is all of them
OPTIONS = {
    **dict.fromkeys(("bridged", "layer2"), "layer2"),
    **dict.fromkeys(("frag", "fragment"), "frag"),
    **dict.fromkeys(("ipoptions", "ipopts"), "ipoptions"),
    **dict.fromkeys(("ipversion", "ipver"), "ipver"),
    **dict.fromkeys(("estab", "established"), "established"),
    **dict.fromkeys(("tcpflags", "tcpflgs"), "tcpflags"),
    **dict.fromkeys(("tcpoptions", "tcpopts"), "tcpoptions"),
    **dict.fromkeys(("icmptype", "icmptypes"), "icmptypes"),
    **dict.fromkeys(("icmp6type", "icmp6types"), "icmp6types"),
    **dict.fromkeys(("ipv6", "ip6"), "ip6"),
    **dict.fromkeys(("ipv4", "ip4"), "ip4"),
    **dict.fromkeys(("src-ip", "src-ipv6", "src-ip6"), "src-ip"),
    **dict.fromkeys(("dst-ip", "dst-ipv6", "dst-ip6"), "dst-ip"),
    **dict.fromkeys(("defer-immediate-action", "defer-action"), "defer-immediate-action"),
    **dict.fromkeys(("{", "("), "{"),
    **dict.fromkeys(("}", ")"), "}"),
    **dict.fromkeys(("or", "|"), "or"),
    **{word: word for word in ("tagged", "uid", "gid", "jail", "in", "out", "xmit", "recv", "via", "fib")},
    **{word: word for word in ("keep-state", "record-state", "limit", "set-limit", "diverted", "setup")},
    **{word: word for word in ("diverted-loopback", "diverted-output", "iplen", "ipid", "ipprecedence")},
    **{word: word for word in ("dscp", "iptos", "ipttl", "tcpdatalen", "tcpseq", "tcpack", "tcpwin")},
    **{word: word for word in ("tcpmss", "dst-port", "src-port", "proto", "verrevpath", "versrcreach")},
    **{word: word for word in ("antispoof", "ipsec", "sockarg", "lookup", "not", "//")},
}


@dataclass(slots=True)
class Resolver:
    """What a host knows by name.

    Attributes:
        hosts: addresses of host names.
        jails: jails and their JIDs.
        users: of the password file, names and numbers.
        groups: likewise.
        has_interface: of this name.
    """

    hosts: dict[str, str] = field(default_factory=dict)
    jails: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=lambda: {"root": 0})
    groups: dict[str, int] = field(default_factory=lambda: {"wheel": 0})


def _ignore(_text: str) -> None:
    """Take a warning that nobody reads."""


class Words:
    """The words of one command, read from the left.

    Attributes:
        warn: takes what ipfw warns of and goes on.
    """

    def __init__(
        self,
        words: list[str],
        warn: Callable[[str], None] = _ignore,
        resolver: Callable[[], Resolver] = Resolver,
    ) -> None:
        """Begin at the first word; the resolver is asked when a name must be looked up."""
        self._words = words
        self._at = 0
        self.warn = warn
        self._resolver = resolver

    def __bool__(self) -> bool:
        """Tell whether there is another word."""
        return self._at < len(self._words)

    def __iter__(self) -> Iterator[str]:
        """Take the words that are left, one after the other."""
        while self:
            yield self.take()

    @property
    def names(self) -> Resolver:
        """What the host knows by name."""
        return self._resolver()

    @property
    def next(self) -> str:
        """The next word; empty when there is none."""
        return self._words[self._at] if self else ""

    def take(self, missing: str = "", status: int = USAGE) -> str:
        """Take the next word.

        Raises:
            Refused: there is none; with the text of `missing`.
        """
        if not self:
            raise Refused(missing, status)
        self._at += 1
        return self._words[self._at - 1]

    def copy(self) -> Words:
        """Give the words that are left once more."""
        return Words(self._words[self._at :])

    def skip(self, count: int) -> bool:
        """Pass over so many words; False when there are not as many."""
        found = self._at + count <= len(self._words)
        self._at = min(self._at + count, len(self._words))
        return found

    def cut(self, length: int) -> None:
        """Take only the beginning of the next word, and all of it when nothing is left."""
        left = self._words[self._at][length:]
        if left:
            self._words[self._at] = left
        else:
            self._at += 1

    def rest(self) -> list[str]:
        """Take all that is left."""
        found = self._words[self._at :]
        self._at = len(self._words)
        return found

    def is_word(self, word: str) -> bool:
        """Tell whether the next word is this one, or the beginning of it, of which ipfw warns."""
        return bool(self) and self.same(self.next, word)

    def same(self, typed: str, word: str) -> bool:
        """Compare as ipfw's _substrcmp does."""
        if not word.startswith(typed):
            return False
        if typed != word:
            self.warn(f"DEPRECATED: '{typed}' matched '{word}' as a sub-string")
        return True

    def accept(self, word: str) -> bool:
        """Take the next word if it is this one."""
        found = self.is_word(word)
        self._at += found
        return found


def protocol_number(word: str) -> int | None:
    """Read a protocol's name or number."""
    if word.isdecimal() and int(word):
        return int(word) & 0xFF
    return PROTOCOLS.get(word.lower(), ALIASES.get(word.lower()))
