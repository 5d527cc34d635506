"""What a simulated kernel's IPFW knows: rules as lists of instructions, sets, NAT instances, tables.

Plain data that is saved with the rest of the kernel (`kernel.ipfw`). Whoever changes rules, sets, instances
or tables says so with `machine.touch()`; counters, states and links change without it, since they change
with each packet.

Source: reference ipfw §13; sys/netinet/ip_fw.h for the instructions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DEFAULT_RULE = 65535
DEFAULT_SET = 31  # of the default rule; cannot be disabled, survives a flush
STATE_MAKERS = frozenset({"keep-state", "record-state", "limit", "set-limit"})
PROBING = frozenset({"keep-state", "limit"})  # look for a state before anything of the rule is tested


@dataclass(slots=True)
class Instruction:
    """One test of a rule, as the kernel goes through them: left to right, all must hold.

    Attributes:
        name: what is tested.
            `proto` (value: the number), `ip4`, `ip6` (no value);
            `src`, `dst`: value `me` (every address of the host, of both families), `me6`, `table(NAME)` or
            `table(NAME,VALUE)`, addresses joined by commas, each `A.B.C.D`, `A.B.C.D/len`, `A.B.C.D:mask`,
            `A.B.C.0/24{1,5-9}` or IPv6; the value tells the family, and another family never matches. There
            is no instruction for `any`;
            `src-port`, `dst-port`: `22,80,8000-8009`, numbers only;
            `in` (`is_not` makes it `out`), `via`, `recv`, `xmit`: name, glob, `table(NAME)` or IPv4 address;
            `tcpflags` (`syn,!ack`, which is printed as `setup`), `established`, `frag` (`offset`),
            `icmptypes`, `icmp6types`, `tagged`, `uid`, `jail`, `verrevpath`, … : the option's own word.
        value: as printed.
        is_not: turned round.
        or_next: the next instruction holding is as good: an or-block is a run of these and one without it.
    """

    name: str
    value: str = ""
    is_not: bool = False
    or_next: bool = False


@dataclass(slots=True)
class StateMaker:
    """What a rule does about states: a name of `STATE_MAKERS`, the state's name, and for limits the rest."""

    kind: str
    name: str = "default"
    masks: list[str] = field(default_factory=list)
    limit: int = 0


@dataclass(slots=True)
class Rule:
    """A rule in the kernel.

    Attributes:
        number: 1 to 65535.
        action: in its canonical word: allow, deny, reject, reset, unreach, unreach6, reset6, abort, abort6,
            count, check-state, skipto, call, return, fwd, nat, divert, tee, pipe, queue, setfib, setdscp,
            reass, tcp-setmss, netgraph, ngtee.
        argument: `700` or `tablearg`; `123` or `global`; a code of unreach; `10.0.0.2,80` of fwd; a state's
            name or `any` of check-state (without the colon); or empty.
        set_number: 0 to 31.
        prob: of matching; 1.0 is always.
        is_logged: `log` was said.
        log_amount: 0 is without end.
        tag: a tag that is put on (positive) or taken off (negative); 0 is neither.
        body: the tests, in the order in which they were typed.
        only_options: it was typed without protocol and addresses.
        state: what it does about states.
        is_deferred: defer-immediate-action.
        comment: what stands behind `//`.
        id: no other rule of this kernel has it or had it; states remember their parent by it.
        packets: how many it acted on.
        bytes: how many bytes these had.
        last_match: seconds since the epoch; 0 is never.
    """

    number: int
    action: str
    argument: str = ""
    set_number: int = 0
    prob: float = 1.0
    is_logged: bool = False
    log_amount: int = 0
    tag: int = 0
    body: list[Instruction] = field(default_factory=list)
    only_options: bool = False
    state: StateMaker | None = None
    is_deferred: bool = False
    comment: str = ""
    id: int = 0
    packets: int = 0
    bytes: int = 0
    last_match: int = 0

    def clauses(self) -> list[list[Instruction]]:
        """Give the tests as or-blocks: of each list one must hold."""
        found: list[list[Instruction]] = [[]]
        for test in self.body:
            found[-1].append(test)
            if not test.or_next:
                found.append([])
        return [clause for clause in found if clause]

    def zero(self) -> None:
        """Forget what was counted."""
        self.packets = self.bytes = self.last_match = 0


@dataclass(slots=True)
class Server:
    """One of the local ends of a redirect; `port` 0 where it has none."""

    address: str
    port: int = 0


@dataclass(slots=True)
class Redirect:
    """A redirect of a NAT instance.

    Attributes:
        kind: `port`, `addr` or `proto`.
        proto: its number, for port and proto redirects: 6, 17, 132, ….
        servers: where it leads; several are a pool, in the order in which they are printed.
        ports: how many ports stand behind `port` of the server and of the public end.
        public: its address; `0.0.0.0` is any of the instance's.
        public_port: the first one.
        remote: the only far end that counts; `0.0.0.0` is any.
        remote_port: the first one; 0 is any.
        remote_ports: how many.
    """

    kind: str
    servers: list[Server]
    public: str = "0.0.0.0"  # noqa: S104 - what the kernel writes for any address
    proto: int = 0
    ports: int = 1
    public_port: int = 0
    remote: str = "0.0.0.0"  # noqa: S104
    remote_port: int = 0
    remote_ports: int = 1


@dataclass(slots=True)
class Nat:
    """A NAT instance: its number, its address or the interface that gives it, words, redirects.

    `modes` are in the order in which they are printed; `redirects` the last configured first, as the kernel
    has them.
    """

    number: int
    address: str = ""
    interface: str = ""
    modes: list[str] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    """A key of a table (`10.0.0.2/32`, `re0`, `22`) and its value."""

    key: str
    value: str = "0"


@dataclass(slots=True)
class Table:
    """A table; `index` is the kernel's own number of it."""

    name: str
    kind: str = "addr"
    index: int = 0
    valtype: str = "legacy"
    is_locked: bool = False
    limit: int = 0
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class DynamicState:
    """A state as `ipfw -d` shows it.

    Attributes:
        parent: the `id` of the rule that made it.
        kind: `STATE`, `LIMIT`, or `PARENT` (bookkeeping of a limit; `count` is how many it has).
        proto: its number.
        source: who began; with `source_port`.
        destination: with `destination_port`.
        name: without the colon.
        packets: how many matched.
        bytes: how many bytes these had.
        expires: seconds since the epoch.
        seen: what the kernel keeps of TCP flags, as the walker needs it.
        count: of a PARENT.
    """

    parent: int
    kind: str
    proto: int
    source: str
    source_port: int
    destination: str
    destination_port: int
    name: str = "default"
    packets: int = 0
    bytes: int = 0
    expires: float = 0.0
    seen: int = 0
    count: int = 0


@dataclass(slots=True)
class Link:
    """A translation that a NAT instance has under way.

    Attributes:
        nat: number of the instance.
        proto: the protocol's number.
        local: the address behind the instance.
        local_port: its port, or ICMP's id; 0 without ports.
        alias: the address that the world sees; with `alias_port`.
        remote: the other side; with `remote_port`.
    """

    nat: int
    proto: int
    local: str
    local_port: int
    alias: str
    alias_port: int
    remote: str
    remote_port: int


@dataclass(slots=True)
class Ipfw:
    """IPFW of one kernel. Without the module `ipfw` nothing of it counts.

    Attributes:
        rules: in the order of the walk; the last one is the default rule.
        disabled: sets whose rules are passed over.
        nats: by number.
        tables: in the order in which they were made.
        states: live ones.
        links: of all NAT instances.
        orphans: rules that were deleted and whose states were kept; these still do what they did.
        one_pass: what was translated is accepted at once.
        enabled: packets of IPv4 meet the rules (net.inet.ip.fw.enable).
        enabled6: packets of IPv6 do (net.inet6.ip6.fw.enable).
        verbose: what `log` rules match is logged.
        autoinc_step: between numbers that the kernel chooses.
        keeps_states: states outlive their rule (net.inet.ip.fw.dyn_keep_states).
        last_id: the `id` of the newest rule.
        last_table: the `index` of the newest table.
    """

    rules: list[Rule] = field(default_factory=list)
    disabled: list[int] = field(default_factory=list)
    nats: list[Nat] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    states: list[DynamicState] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    orphans: list[Rule] = field(default_factory=list)
    one_pass: bool = True
    enabled: bool = True
    enabled6: bool = True
    verbose: bool = True
    autoinc_step: int = 100
    keeps_states: bool = False
    last_id: int = 0
    last_table: int = 0

    @property
    def default(self) -> Rule:
        """The default rule."""
        return self.rules[-1]

    def nat(self, number: int) -> Nat | None:
        """Find a NAT instance."""
        return next((item for item in self.nats if item.number == number), None)

    def table(self, name: str) -> Table | None:
        """Find a table."""
        return next((item for item in self.tables if item.name == name), None)

    def rule(self, identity: int) -> Rule | None:
        """Find a rule by its `id`."""
        return next((item for item in self.rules if item.id == identity), None)

    def orphan(self, identity: int) -> Rule | None:
        """Find a deleted rule by its `id`."""
        return next((item for item in self.orphans if item.id == identity), None)

    def is_enabled(self, rule: Rule) -> bool:
        """Tell whether the walk looks at a rule."""
        return rule.set_number not in self.disabled


def loaded(*, allows: bool) -> Ipfw:
    """Give what is there once the module is loaded: the default rule.

    Args:
        allows: net.inet.ip.fw.default_to_accept at that moment.
    """
    default = Rule(DEFAULT_RULE, "allow" if allows else "deny", set_number=DEFAULT_SET, id=1)
    return Ipfw(rules=[default], last_id=1)
