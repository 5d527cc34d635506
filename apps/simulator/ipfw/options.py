"""Read the options of a rule, in their order.

Source: sbin/ipfw/ipfw2.c (compile_rule, read_options); reference ipfw §2, §12.
"""

from __future__ import annotations

from collections.abc import Callable

from apps.simulator.ipfw import values
from apps.simulator.ipfw import words as known
from apps.simulator.ipfw.actions import argument, state_name
from apps.simulator.ipfw.builder import Builder
from apps.simulator.ipfw.model import STATE_MAKERS, StateMaker
from apps.simulator.ipfw.refused import USAGE, Refused

BARE = frozenset(
    {
        *("in", "established", "layer2", "diverted", "diverted-loopback", "diverted-output", "verrevpath"),
        *("versrcreach", "antispoof", "ipsec", "sockarg", "ip4", "ip6"),
    }
)
# Options with a number, or with several and with ranges; in what follows they are printed alike.
RANGES = frozenset({"iplen", "ipid", "ipttl", "tcpdatalen", "tcpwin", "tcpmss", "tagged"})
NUMBERS = frozenset({"ipver", "ipprecedence", "fib", "tcpseq", "tcpack"})
FLAGS = {
    "tcpflags": known.TCP_FLAGS,
    "tcpoptions": known.TCP_OPTIONS,
    "ipoptions": known.IP_OPTIONS,
    "iptos": known.IP_TOS,
}
LOOKUP_KEYS = frozenset({"dst-ip", "src-ip", "dst-port", "src-port", "uid", "jail", "dscp"})
IFACE_MISSING = "recv, xmit, via require interface name or address"


def read(builder: Builder) -> None:
    """Read options up to the end or to a comment.

    Raises:
        Refused: one of them is none.
    """
    words = builder.words
    builder.previous = None
    while words and not builder.comment_follows:
        typed = words.take()
        if typed.startswith("!") and typed != "!":
            builder.take_bang()
            typed = typed[1:]
        name = "not" if typed == "!" else known.OPTIONS.get(typed)
        if name is None:
            raise Refused(f"unrecognised option [-1] {typed}\n", USAGE)
        _option(builder, name)


def _option(builder: Builder, name: str) -> None:
    if name in BARE:
        builder.add(name)
    elif name in STATE_MAKERS:
        _state(builder, name)
    elif name in RANGES:
        _ranges(builder, name)
    elif name in FLAGS:
        text = builder.words.take(f"missing argument for {name}")
        builder.add(name, values.flags(text, FLAGS[name]))
    elif name in NUMBERS:
        builder.add(name, str(_number(builder, name)))
    else:
        SPECIAL[name](builder)


def _not(builder: Builder) -> None:
    builder.take_bang()


def _or(builder: Builder) -> None:
    if not builder.is_open or builder.previous is None:
        raise Refused('invalid "or" block\n', USAGE)
    builder.previous.or_next = True


def _open(builder: Builder) -> None:
    if builder.is_open:
        raise Refused('+nested "(" not allowed\n', USAGE)
    builder.is_open, builder.previous = True, None


def _close(builder: Builder) -> None:
    if not builder.is_open:
        raise Refused('+missing ")"\n', USAGE)
    builder.is_open, builder.previous = False, None


def _out(builder: Builder) -> None:
    builder.add("in", turned=True)


def _setup(builder: Builder) -> None:
    builder.add("tcpflags", "syn,!ack")


def _comment(builder: Builder) -> None:
    builder.comment_follows = True


def _defer(builder: Builder) -> None:
    builder.rule.is_deferred = True


def _interface(name: str) -> Callable[[Builder], None]:
    def read_interface(builder: Builder) -> None:
        found = values.interface(builder.words.take(IFACE_MISSING))
        if found is None:
            builder.is_not = False
        else:
            builder.add(name, found)

    return read_interface


def _address(name: str) -> Callable[[Builder], None]:
    def read_address(builder: Builder) -> None:
        kind = "source" if name == "src" else "destination"
        text = builder.words.take(f"missing {kind} IP")
        found = values.addresses(text, builder.words, is_six=builder.is_six, is_not=builder.is_not)
        if found is not None:
            builder.add(name, found)

    return read_address


def _port(name: str) -> Callable[[Builder], None]:
    def read_port(builder: Builder) -> None:
        kind = "source" if name == "src-port" else "destination"
        text = builder.words.take(f"missing {kind} port")
        if text == "any":
            return
        found = values.ports(text, builder.words)
        if found is None:
            raise Refused(f"invalid {kind} port {text}")
        builder.add(name, found)

    return read_port


def _types(name: str, highest: int, shown: str) -> Callable[[Builder], None]:
    def read_types(builder: Builder) -> None:
        text = builder.words.take(f"{name} requires list of types")
        builder.add(name, values.icmp_types(text, highest, shown))

    return read_types


def _proto(builder: Builder) -> None:
    text = builder.words.take("missing protocol")
    number = known.protocol_number(text)
    if text in {"ip4", "ip6"}:
        builder.add(text)
    elif number is not None:
        builder.add("proto", str(number))
    elif text not in {"ip", "all"}:
        raise Refused(f"invalid protocol ``{text}''")


def _frag(builder: Builder) -> None:
    """Read `frag`, which without flags asks for an offset."""
    given = builder.words.next
    names = {word.removeprefix("!") for word in given.split(",")}
    found = builder.words.take() if given and names <= set(known.FRAG_FLAGS) else "offset"
    builder.add("frag", values.flags(found, known.FRAG_FLAGS))


def _owner(name: str) -> Callable[[Builder], None]:
    def read_owner(builder: Builder) -> None:
        text, names = builder.words.take(f"{name} requires argument"), builder.words.names
        numbers = names.users if name == "uid" else names.groups
        number = int(text) if text.isdecimal() else numbers.get(text)
        if number is None:
            raise Refused(f'{name} "{text}" nonexistent')
        shown = next((word for word, item in numbers.items() if item == number), str(number))
        builder.add(name, shown)

    return read_owner


def _jail(builder: Builder) -> None:
    """Read a jail; its JID is what the kernel keeps."""
    text = builder.words.take("jail requires argument")
    number = int(text) if text.isdecimal() else builder.words.names.jails.get(text)
    if number is None:
        raise Refused(f'jail "{text}" not found')
    builder.add("jail", str(number))


def _dscp(builder: Builder) -> None:
    text = builder.words.take("missing DSCP code")
    numbers = [
        known.DSCP.get(word, int(word) if word.isdecimal() else None) for word in text.lower().split(",")
    ]
    if any(number is None or number > 63 for number in numbers):
        raise Refused("Invalid DSCP code", USAGE)
    chosen = sorted(number for number in numbers if number is not None)
    builder.add("dscp", ",".join(_dscp_name(number) for number in chosen))


def _dscp_name(number: int) -> str:
    return next((name for name, code in known.DSCP.items() if code == number), str(number))


def _ranges(builder: Builder, name: str) -> None:
    """Read a number, or several and ranges."""
    text = builder.words.take(f"{name}: missing argument" if name == "tagged" else f"{name} requires length")
    if "-" not in text and "," not in text and not text.isdecimal():
        raise Refused(f"{name}: invalid argument: {text}")
    found = values.ports(text, builder.words)
    if found is None:
        raise Refused(f"{name}: invalid argument {text}")
    builder.add(name, found)


def _number(builder: Builder, name: str) -> int:
    text = builder.words.take(f"{name}: missing argument")
    if not text.isdecimal():
        raise Refused(f"{name}: invalid argument: {text}")
    return int(text)


def _state(builder: Builder, name: str) -> None:
    """Read what makes a state: one a rule, and not in an or-block."""
    is_limit = name in {"limit", "set-limit"}
    if builder.is_open:
        text = "limit or set-limit" if is_limit else "keep-state or record-state"
        raise Refused(f"{text} cannot be part of an or block", USAGE)
    if builder.rule.state is not None:
        raise Refused("only one of keep-state, record-state,  limit and set-limit is allowed", USAGE)
    maker = builder.rule.state = StateMaker(name)
    if is_limit:
        maker.masks = _masks(builder)
        maker.limit = argument(builder.words, name)
    if builder.words.next.startswith(":"):
        maker.name = state_name(builder.words.take(), may_be_any=False)


def _masks(builder: Builder) -> list[str]:
    chosen: set[str] = set()
    while builder.words.next in {*known.LIMIT_MASKS, "all"}:
        word = builder.words.take()
        chosen |= set(known.LIMIT_MASKS) if word == "all" else {word}
    if not chosen:
        raise Refused("limit: missing limit mask", USAGE)
    return [mask for mask in known.LIMIT_MASKS if mask in chosen]


def _lookup(builder: Builder) -> None:
    """Read what is looked up, and in which table."""
    form = "format: lookup argument tablenum"
    key, name = builder.words.take(form, USAGE), builder.words.take(form, USAGE)
    if key not in LOOKUP_KEYS or not values.is_name(name):
        raise Refused(form, USAGE)
    builder.add("lookup", f"{key} {name}")


SPECIAL: dict[str, Callable[[Builder], None]] = {
    "not": _not,
    "or": _or,
    "{": _open,
    "}": _close,
    "out": _out,
    "setup": _setup,
    "//": _comment,
    "defer-immediate-action": _defer,
    **{name: _interface(name) for name in ("via", "recv", "xmit")},
    "src-ip": _address("src"),
    "dst-ip": _address("dst"),
    "src-port": _port("src-port"),
    "dst-port": _port("dst-port"),
    "icmptypes": _types("icmptypes", 31, "ICMP"),
    "icmp6types": _types("icmp6types", 201, "ICMP6"),
    "proto": _proto,
    "frag": _frag,
    "uid": _owner("uid"),
    "gid": _owner("gid"),
    "jail": _jail,
    "dscp": _dscp,
    "lookup": _lookup,
}
