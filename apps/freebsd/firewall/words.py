"""The words of ipfw's rules: actions, protocols, options and what each is given.

Source: reference ipfw §2, §4; captures ipfw (13.2).
"""

from __future__ import annotations

from enum import Enum, auto

ACTIONS = {
    "allow": "allow", "accept": "allow", "pass": "allow", "permit": "allow",
    "deny": "deny", "drop": "deny",
    "fwd": "fwd", "forward": "fwd",
} | {
    word: word
    for word in (
        "reject", "reset", "reset6", "abort", "abort6", "unreach", "unreach6", "count", "check-state",
        "skipto", "call", "return", "nat", "divert", "tee", "pipe", "queue", "setfib", "setdscp",
        "setmark", "reass", "tcp-setmss", "netgraph", "ngtee",
    )
}  # fmt: skip
BARE_ACTIONS = frozenset(("allow", "deny", "reject", "reset", "reset6", "abort", "abort6", "count", "reass"))
NUMBERED_ACTIONS = {  # the lowest and highest number, and other words that may stand there
    "skipto": (1, 65534, ("tablearg",)), "call": (1, 65534, ("tablearg",)),
    "nat": (1, 65534, ("global", "tablearg")), "divert": (1, 65534, ("tablearg",)),
    "tee": (1, 65534, ("tablearg",)), "pipe": (1, 65534, ("tablearg",)), "queue": (1, 65534, ("tablearg",)),
    "netgraph": (1, 65534, ("tablearg",)), "ngtee": (1, 65534, ("tablearg",)),
    "setfib": (0, 65535, ("tablearg",)), "tcp-setmss": (1, 65535, ()),
    "setmark": (0, 4294967295, ("tablearg",)),
}  # fmt: skip
UNREACH_CODES = (
    "net", "host", "protocol", "port", "needfrag", "srcfail", "net-unknown", "host-unknown", "isolated",
    "net-prohib", "host-prohib", "tosnet", "toshost", "filter-prohib", "host-precedence", "precedence-cutoff",
)  # fmt: skip
UNREACH6_CODES = {0: "no-route", 1: "admin-prohib", 3: "address", 4: "port"}

# Of /etc/protocols: what ipfw prints for a number, and the names by which it is known.
PROTOCOLS = {
    1: "icmp", 2: "igmp", 4: "ipencap", 6: "tcp", 8: "egp", 9: "igp", 17: "udp", 27: "rdp", 33: "dccp",
    41: "ipv6", 43: "ipv6-route", 44: "ipv6-frag", 46: "rsvp", 47: "gre", 50: "esp", 51: "ah", 58:
    "ipv6-icmp", 59: "ipv6-nonxt", 60: "ipv6-opts", 88: "eigrp", 89: "ospf", 94: "ipip", 97: "etherip",
    98: "encap", 103: "pim", 108: "ipcomp", 112: "carp", 115: "l2tp", 132: "sctp", 136: "udplite", 240:
    "pfsync", 258: "divert",
}  # fmt: skip
PROTOCOL_ALIASES = {
    "ip": "ip", "all": "ip", "ip4": "ip4", "ipv4": "ip4", "ip6": "ip6", "ipv6": "ip6", "icmp6": "ipv6-icmp",
    "ospfigp": "ospf", "vrrp": "carp",
} | {name: name for name in PROTOCOLS.values() if name != "ipv6"}  # fmt: skip


class Takes(Enum):
    """What an option is given."""

    NOTHING = auto()
    INTERFACE = auto()
    ADDRESS = auto()
    PORTS = auto()
    NUMBERS = auto()
    NUMBER = auto()
    PROTOCOL = auto()
    ICMP_TYPES = auto()
    ICMP6_TYPES = auto()
    FLAGS = auto()
    DSCP = auto()
    WORD = auto()
    TABLE_LOOKUP = auto()
    TABLE = auto()
    MAY_BE_FLAGS = auto()


OPTION_ALIASES = {
    "estab": "established", "bridged": "layer2", "tcpflgs": "tcpflags", "tcpopts": "tcpoptions",
    "icmptype": "icmptypes", "icmp6type": "icmp6types", "ipopts": "ipoptions", "ipversion": "ipver",
    "fragment": "frag", "src-ipv6": "src-ip6", "dst-ipv6": "dst-ip6", "defer-action":
    "defer-immediate-action", "ipprec": "ipprecedence",
}  # fmt: skip
_OPTIONS = {
    Takes.NOTHING: "in out setup established verrevpath versrcreach antispoof layer2 ipsec diverted "
    "diverted-loopback diverted-output sockarg ip4 ip6",
    Takes.INTERFACE: "via recv xmit",
    Takes.ADDRESS: "src-ip dst-ip src-ip6 dst-ip6",
    Takes.PORTS: "src-port dst-port",
    Takes.NUMBERS: "iplen ipid ipttl tcpwin tcpdatalen tcpmss tagged flow-id",
    Takes.NUMBER: "ipver ipprecedence tcpseq tcpack fib",
    Takes.PROTOCOL: "proto",
    Takes.ICMP_TYPES: "icmptypes",
    Takes.ICMP6_TYPES: "icmp6types",
    Takes.FLAGS: "tcpflags tcpoptions ipoptions iptos ext6hdr",
    Takes.DSCP: "dscp",
    Takes.WORD: "uid gid jail",
    Takes.TABLE_LOOKUP: "lookup",
    Takes.TABLE: "flow",
    Takes.MAY_BE_FLAGS: "frag",
}
OPTIONS = {word: takes for takes, words in _OPTIONS.items() for word in words.split()}
FLAGS = {  # in the order in which ipfw prints them
    "tcpflags": ("syn", "fin", "ack", "psh", "rst", "urg"),
    "tcpoptions": ("mss", "window", "sack", "ts", "cc"),
    "ipoptions": ("ssrr", "lsrr", "rr", "ts"),
    "iptos": ("lowdelay", "throughput", "reliability", "mincost", "congestion", "ecntransport"),
    "ext6hdr": ("frag", "hopopt", "route", "ah", "esp", "dstopt", "rthdr0", "rthdr2"),
    "frag": ("rf", "df", "mf", "offset"),
}
FLAG_ALIASES = {"maxseg": "mss", "timestamp": "ts"}
DSCP = {
    "af11": 10, "af12": 12, "af13": 14, "af21": 18, "af22": 20, "af23": 22, "af31": 26, "af32": 28,
    "af33": 30, "af41": 34, "af42": 36, "af43": 38, "be": 0, "ef": 46, "va": 44, "cs0": 0, "cs1": 8,
    "cs2": 16, "cs3": 24, "cs4": 32, "cs5": 40, "cs6": 48, "cs7": 56,
}  # fmt: skip
STATES = frozenset(("keep-state", "record-state", "limit", "set-limit"))
LIMIT_MASKS = ("all", "src-addr", "src-port", "dst-addr", "dst-port")  # in the order of printing
