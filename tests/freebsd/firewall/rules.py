"""Rules, NAT instances and tables made by chance, as text that ipfw would take and as data.

`typed_rules()` gives what people type after `ipfw add`, in all of the grammar; `rules()` gives them as
data; `firewalls()` whole ones.

Source: reference ipfw §2, §5, §9.
"""

from __future__ import annotations

from hypothesis import strategies as st

from apps.freebsd.firewall.model import Firewall, Table
from apps.freebsd.firewall.nat_config import parse_nat
from apps.freebsd.firewall.parse import parse_rule

NUMBERS = st.integers(1, 65534)
_PORT = st.integers(0, 65535).map(str)
_RANGE = st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(lambda ends: f"{min(ends)}-{max(ends)}")
PORTS = st.lists(
    st.one_of(_PORT, _PORT, _RANGE, st.sampled_from(["ssh", "http", "domain"])), min_size=1, max_size=4
)
port_lists = PORTS.map(",".join)
_V4 = st.sampled_from(["10.0.0.5", "10.0.0.6", "10.0.1.7", "192.0.2.10", "198.51.100.1", "203.0.113.9"])
_V4_NETWORK = st.builds(lambda ip, width: f"{ip}/{width}", _V4, st.integers(1, 32))
_V4_MASKED = st.builds(
    lambda ip, mask: f"{ip}:{mask}", _V4, st.sampled_from(["255.255.0.0", "255.0.255.0", "0.0.0.255"])
)
_V6 = st.sampled_from(["fd00::5", "2001:db8::1", "fe80::1/10", "fd00::/64", "FD00:0:0::1/48"])
_MEMBERS = st.lists(st.integers(1, 254), min_size=1, max_size=6).map(lambda n: ",".join(map(str, n)))
_V4_SET = _MEMBERS.map(lambda members: f"10.0.0.0/24{{{members}}}")
_TABLE = st.sampled_from(["table(jails)", "table(web.servers,5)", "table(1)"])
_V4_LIST = st.lists(st.one_of(_V4, _V4_NETWORK), min_size=2, max_size=4).map(",".join)
ADDRESSES = st.one_of(
    _V4, _V4_NETWORK, _V4_MASKED, _V6, _V4_SET, _TABLE, _V4_LIST, st.sampled_from(["me", "me6"])
)
_STATE_NAME = st.sampled_from(["", "", " :web", " :default"])
_ACTIONS = st.one_of(
    st.sampled_from(
        ["allow", "accept", "pass", "permit", "deny", "drop", "reject", "reset", "count", "reass"]
    ),
    NUMBERS.map(lambda n: f"skipto {n}"),
    NUMBERS.map(lambda n: f"call {n}"),
    st.sampled_from(["return", "unreach host", "unreach 13", "unreach6 port", "nat 123", "nat global"]),
    st.sampled_from(["fwd 10.0.0.2,80", "forward fd00::2", "divert 8668", "tee 8668", "pipe 1", "queue 2"]),
    st.sampled_from(
        ["setfib 1", "setdscp af11", "tcp-setmss 1400", "netgraph 7", "reset6", "skipto tablearg"]
    ),
)
_PARAMETERS = st.sampled_from(["", "", "", "log", "log logamount 100", "tag 5", "untag 6", "log tag 7"])
_PROTOCOL = st.sampled_from(
    ["ip", "all", "ip4", "tcp", "udp", "icmp", "ipv6-icmp", "17", "gre", "not tcp", "{ tcp or udp }"]
)
_INTERFACE = st.sampled_from(["lo0", "vtnet0", "lo*", "any", "table(1)", "192.0.2.10"])
_PLAIN_OPTION = st.one_of(
    st.sampled_from(["in", "out", "setup", "established", "estab", "verrevpath", "antispoof", "frag"]),
    st.sampled_from(["frag df,!mf", "tcpflags syn,!ack", "tcpflags !fin,psh", "tcpoptions mss,!sack", "ip4"]),
    st.builds(lambda way, name: f"{way} {name}", st.sampled_from(["via", "recv", "xmit"]), _INTERFACE),
    st.lists(st.integers(0, 31), min_size=1, max_size=4).map(lambda t: "icmptypes " + ",".join(map(str, t))),
    st.sampled_from(["icmp6types 128", "uid 0", "uid www", "gid 80", "jail 7", "ipttl 1-5,64"]),
    st.sampled_from(["tagged 5", "fib 1", "dscp be,af11", "iplen 40", "tcpwin 1-9", "proto 6"]),
    st.sampled_from(["lookup dst-ip jails", "flow table(1)", "ipversion 4", "tcpack 5", "iptos lowdelay"]),
    ADDRESSES.map(lambda a: f"src-ip {a}"),
    port_lists.map(lambda p: f"dst-port {p}"),
    port_lists.map(lambda p: f"src-port {p}"),
)  # fmt: skip
_NOT_OPTION = _PLAIN_OPTION.filter(lambda o: not o.endswith(" any")).map(lambda o: f"not {o}")
_OR_OPTION = st.lists(
    st.one_of(_PLAIN_OPTION, _NOT_OPTION).filter(lambda o: not o.endswith(" any")), min_size=2, max_size=3
).map(lambda options: f"{{ {' or '.join(options)} }}")
OPTIONS = st.lists(st.one_of(_PLAIN_OPTION, _PLAIN_OPTION, _NOT_OPTION, _OR_OPTION), max_size=4)
_STATES = st.one_of(
    st.just(""),
    st.builds(lambda word, name: word + name, st.sampled_from(["keep-state", "record-state"]), _STATE_NAME),
    st.builds(
        lambda masks, most, name: f"limit {' '.join(masks)} {most}{name}",
        st.lists(st.sampled_from(["src-addr", "src-port", "dst-addr", "dst-port"]), min_size=1, max_size=3),
        st.integers(1, 100),
        _STATE_NAME,
    ),
    st.just("keep-state defer-immediate-action"),
)
COMMENTS = st.one_of(
    st.just(""),
    st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" "), max_size=19).map(
        lambda text: f" // {text}"
    ),
)


@st.composite
def addresses_with_ports(draw):
    """Give a side of a rule: an address or an or-block of them, and perhaps ports."""
    plain = st.builds(lambda sign, a: sign + a, st.sampled_from(["", "", "not "]), ADDRESSES)
    block = st.lists(plain, min_size=2, max_size=3).map(lambda a: f"{{ {' or '.join(a)} }}")
    ports = st.one_of(st.just(""), port_lists.map(lambda p: f" {p}"), port_lists.map(lambda p: f" not {p}"))
    return draw(st.one_of(st.just("any"), plain, block)) + draw(ports)


@st.composite
def typed_bodies(draw):
    """Give a rule without number, set and comment, as it may be typed."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(["check-state", "check-state :any", "check-state :web"]))
    options = draw(OPTIONS)
    state = draw(_STATES)
    front = f"{draw(_ACTIONS)} {draw(_PARAMETERS)}"
    if options and draw(st.integers(0, 4)) == 0 and not all(o.endswith(" any") for o in options):
        return f"{front} verrevpath {' '.join(options)} {state}"  # in front of all, ip4 were a protocol
    if draw(st.integers(0, 9)) == 0:
        return f"{front} ipv6 from {draw(_V6)} 80 to not me6 {draw(_STATES)}"
    way = f"{draw(_PROTOCOL)} from {draw(addresses_with_ports())} to {draw(addresses_with_ports())}"
    at = draw(st.integers(0, len(options)))
    return f"{front} {way} {' '.join([*options[:at], state, *options[at:]])}"


@st.composite
def typed_rules(draw):
    """Give a rule as it may be typed after `ipfw add`."""
    number = draw(st.one_of(st.just(""), NUMBERS.map(lambda n: f"{n} ")))
    place = draw(st.sampled_from(["", "", "set 5 ", "set 0 ", "set 31 "]))
    prob = draw(st.sampled_from(["", "", "", "prob 0.5 ", "prob 0.333333 ", "prob 1 "]))
    return f"{number}{place}{prob}{draw(typed_bodies())}{draw(COMMENTS)}"


def rules():
    """Give rules as data, as they would be read."""
    return typed_rules().map(parse_rule)


@st.composite
def nat_texts(draw):
    """Give NAT instances as their configuration."""
    where = draw(st.sampled_from(["ip 192.0.2.10", "if vtnet0", "ip 198.51.100.1"]))
    options = draw(
        st.lists(st.sampled_from(["log", "deny_in", "same_ports", "unreg_only", "reset", "reverse"]))
    )
    port = draw(st.integers(1, 60000))
    redirects = draw(
        st.lists(
            st.sampled_from(
                [
                    f"redirect_port tcp 10.0.0.2:{port} {port + 1}",
                    f"redirect_port udp 10.0.0.2:{port}-{port + 9} 192.0.2.10:{port}-{port + 9} 203.0.113.9",
                    f"redirect_port tcp 10.0.0.2:80,10.0.0.3:80 {port}",
                    f"redirect_port tcp 10.0.0.2:22 {port} 203.0.113.9:22",
                    "redirect_addr 10.0.0.5 192.0.2.12",
                    "redirect_addr 10.0.0.5,10.0.0.6 192.0.2.13",
                    "redirect_proto gre 10.0.0.5",
                    "redirect_proto esp 10.0.0.5 192.0.2.12 203.0.113.9",
                ]
            ),
            max_size=4,
        )
    )
    return " ".join([f"nat {draw(st.integers(1, 65534))} config {where}", *options, *redirects])


TABLES = st.builds(
    Table,
    st.sampled_from(["jails", "web.servers", "1"]),
    st.lists(
        st.tuples(st.sampled_from(["10.0.0.2/32", "10.0.1.0/24", "fd00::/64"]), st.sampled_from(["0", "5"])),
        max_size=3,
        unique_by=lambda entry: entry[0],
    ).map(tuple),
)


@st.composite
def firewalls(draw):
    """Give whole firewalls: numbered rules in their order, instances and tables by name."""
    found = [parse_rule(f"{draw(NUMBERS)} {draw(typed_bodies())}") for _ in range(draw(st.integers(0, 5)))]
    return Firewall(
        rules=tuple(sorted(found, key=lambda rule: rule.number or 0)),
        nat=tuple(
            draw(
                st.lists(nat_texts().map(parse_nat), max_size=2, unique_by=lambda nat: nat.number).map(
                    _by_number
                )
            )
        ),
        tables=tuple(
            sorted(draw(st.lists(TABLES, max_size=2, unique_by=lambda t: t.name)), key=lambda t: t.name)
        ),
        one_pass=draw(st.booleans()),
        default_allows=draw(st.booleans()),
        disabled_sets=draw(st.frozensets(st.integers(0, 30), max_size=2)),
    )


def _by_number(found):
    return sorted(found, key=lambda nat: nat.number)
