"""What IPFW is told, as data: a rule is an action and the tests that a packet must pass.

Every text in here is in ipfw's own canonical form (what `ipfw list` prints), so that two rules that mean the
same to ipfw are equal. `apps.freebsd.firewall.parse` makes these from text, `printing` makes text of them.

Source: reference ipfw §2, §4, §5, §9.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DEFAULT_RULE = 65535
HIGHEST_NUMBER = 65534
HIGHEST_SET = 31  # holds the default rule, cannot be disabled, survives a flush


@dataclass(frozen=True, slots=True)
class Term:
    """One test on a packet.

    Args:
        name: What is tested: `proto`, `src`, `dst`, `src-port`, `dst-port`, or an option's own word, such as
            `in`, `via`, `setup`, `icmptypes`.
        value: What it is compared with, as ipfw prints it: `tcp`, `10.0.0.0/24`, `me`, `table(jails)`,
            `80,8000-8009`; empty for words that stand alone.
        is_not: Whether the test is turned round.
    """

    name: str
    value: str = ""
    is_not: bool = False


Clause = tuple[Term, ...]  # one term must hold; more than one is an or-block, `{ a or b }`


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Every clause must hold for the action to be done.

    Args:
        number: 1 to 65535; None when ipfw is to choose.
        action: In its canonical word: allow, deny, reject, reset, unreach, count, check-state, skipto, call,
            return, fwd, nat, divert, pipe, queue, reass, … .
        argument: What the action is given: `700`, `123`, `host-prohib`, `:default`, `10.0.0.2,80`; or empty.
        proto: The protocol's clause; empty in rules of options only, and for check-state.
        source: The clause of the source address; empty likewise.
        source_ports: A clause with one term, or empty.
        destination: The clause of the destination address.
        destination_ports: A clause with one term, or empty.
        options: The clauses after the addresses, in order, without the one that makes states.
        state: What makes or keeps a state: a term called keep-state, record-state, limit, set-limit; or None.
        is_deferred: Whether defer-immediate-action is said.
        set_number: 0 to 31.
        prob: Of matching, as printed (`0.500000`); empty for always.
        is_logged: Whether `log` is said.
        log_amount: After how many packets it logs no more; None when not said.
        tag: `tag 5` or `untag 5`; or empty.
        comment: At most 80 characters.
        unread: The whole body, word for word, of a rule that is not understood; then action and clauses are
            empty, and nothing is concluded from it.
    """

    number: int | None
    action: str = ""
    argument: str = ""
    proto: Clause = ()
    source: Clause = ()
    source_ports: Clause = ()
    destination: Clause = ()
    destination_ports: Clause = ()
    options: tuple[Clause, ...] = ()
    state: Term | None = None
    is_deferred: bool = False
    set_number: int = 0
    prob: str = ""
    is_logged: bool = False
    log_amount: int | None = None
    tag: str = ""
    comment: str = ""
    unread: str = ""

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """All clauses, in the order in which the kernel tests them."""
        body = (self.proto, self.source, self.source_ports, self.destination, self.destination_ports)
        return tuple(clause for clause in (*body, *self.options) if clause)

    @property
    def has_state(self) -> bool:
        """Whether it makes states, and so looks for one before it tests anything."""
        return self.state is not None


@dataclass(frozen=True, slots=True)
class Redirect:
    """A way in through a NAT instance.

    Args:
        kind: `port`, `addr` or `proto`.
        proto: Of a port or proto redirect: `tcp`, `udp`, `sctp`, or a protocol's name.
        local: Where it leads: addresses with their ports (`10.0.0.2:80`, `10.0.0.3:8000-8009`), several for a
            pool of servers.
        public: What comes in: `80`, `192.0.2.11:8000-8009`, `192.0.2.12`; empty where it may be left out.
        remote: From whom alone it is taken; or empty.
    """

    kind: str
    local: tuple[str, ...]
    public: str
    proto: str = ""
    remote: str = ""


@dataclass(frozen=True, slots=True)
class NatInstance:
    """A NAT instance. Two of them are the same when they are equal: the kernel turns redirects round.

    Args:
        number: From 1 on.
        address: The public address; empty when `interface` says it.
        interface: Whose first IPv4 address it uses; or empty.
        options: Words among log, deny_in, same_ports, skip_global, unreg_only, unreg_cgn, reset, reverse,
            proxy_only, udp_eim.
        redirects: Ways in.
    """

    number: int
    address: str = ""
    interface: str = ""
    options: frozenset[str] = frozenset()
    redirects: frozenset[Redirect] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """A table of addresses that rules can name.

    Args:
        name: 1 to 63 of [A-Za-z0-9_.-].
        entries: Key and value: `10.0.0.2/32` and `0`.
        kind: `addr`, iface, number, flow or mac.
    """

    name: str
    entries: tuple[tuple[str, str], ...] = ()
    kind: str = "addr"


@dataclass(frozen=True, slots=True)
class Firewall:
    """All that decides about packets on a host: what a rule set is compiled to, and what was seen on a host.

    Args:
        rules: In the order in which the kernel goes through them (number, then insertion); the default rule
            is not among them.
        nat: By number.
        tables: By name.
        one_pass: Whether what was translated is accepted without looking on (net.inet.ip.fw.one_pass).
        default_allows: What rule 65535 does.
        disabled_sets: Sets whose rules are passed over.
    """

    rules: tuple[Rule, ...] = ()
    nat: tuple[NatInstance, ...] = ()
    tables: tuple[Table, ...] = ()
    one_pass: bool = True
    default_allows: bool = False
    disabled_sets: frozenset[int] = field(default_factory=frozenset)
