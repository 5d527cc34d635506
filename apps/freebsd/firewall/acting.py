"""What a rule's action does to a packet that matched.

Source: reference ipfw §6.5, §6.6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from apps.freebsd.firewall.aliasing import Alias
from apps.freebsd.firewall.matching import ReadyFirewall, ReadyRule
from apps.freebsd.firewall.places import Places, read_address
from apps.freebsd.firewall.sight import Sight
from apps.freebsd.firewall.walk import Outcome, Verdict

_DEEPEST_CALL = 16


class KernelLike(Protocol):
    """What actions need of the kernel."""

    places: Places
    aliases: dict[int, Alias]


class Walking(Protocol):
    """What actions need of the pass under way."""

    ready: ReadyFirewall
    sight: Sight
    probed: set[str]
    stack: list[int]

    @property
    def kernel(self) -> KernelLike:
        """The kernel that it takes place in."""


@dataclass(frozen=True, slots=True)
class Act:
    """What was done.

    Args:
        outcome: In a word.
        sentence: For people.
        slot: Where to go on; None when the pass ends.
        verdict: How it ends; None when it goes on.
        jumped_to: Number of the rule there, for jumps.
    """

    outcome: Outcome
    sentence: str
    slot: int | None = None
    verdict: Verdict | None = None
    jumped_to: int | None = None


def act(walk: Walking, rule: ReadyRule, *, is_reverse: bool) -> Act:
    """Do what a rule says.

    Args:
        walk: The pass under way; its packet may be rewritten, its call stack changed.
        rule: Whose action it is.
        is_reverse: Whether it is reached through a state by a packet that goes the other way.
    """
    _tag(walk.sight, rule)
    if rule.rule.action == "fwd" and is_reverse:
        return Act(Outcome.ALLOWED, "Passed on as addressed: fwd is for the other direction.", verdict=_YES)
    return _ACTIONS.get(rule.rule.action, _unknown)(walk, rule)


_YES, _NO = Verdict.ACCEPTED, Verdict.DENIED


def _tag(sight: Sight, rule: ReadyRule) -> None:
    word, _, number = rule.rule.tag.partition(" ")
    if number.isdigit():
        (sight.tags.add if word == "tag" else sight.tags.discard)(int(number))


def _number(walk: Walking, rule: ReadyRule) -> int | None:
    text = walk.sight.table_value or "0" if rule.rule.argument == "tablearg" else rule.rule.argument
    return int(text) if text.isdigit() else None


def _go_on(walk: Walking, rule: ReadyRule, sentence: str, outcome: Outcome = Outcome.COUNTED) -> Act:
    """The next rule is the one after whose action it is: through a state, after its parent."""
    return Act(outcome, sentence, slot=walk.ready.after(rule))


def _allow(_walk: Walking, _rule: ReadyRule) -> Act:
    return Act(Outcome.ALLOWED, "Passed.", verdict=_YES)


def _deny(_walk: Walking, rule: ReadyRule) -> Act:
    said = {
        "deny": "Denied.",
        "reject": "Denied, and the sender is told that the host cannot be reached.",
        "reset": "Denied, and the sender's connection is reset.",
        "abort": "Denied, and the sender's connection is broken off.",
    }
    word = rule.rule.action.removesuffix("6")
    default = f"Denied, and the sender is told: {rule.rule.argument or 'cannot be reached'}."
    return Act(Outcome.DENIED, said.get(word, default), verdict=_NO)


def _count(walk: Walking, rule: ReadyRule) -> Act:
    return _go_on(walk, rule, "Counted; go on.")


def _change(walk: Walking, rule: ReadyRule) -> Act:
    return _go_on(walk, rule, f"{rule.rule.action} {rule.rule.argument}: done; go on.")


def _skipto(walk: Walking, rule: ReadyRule) -> Act:
    target = _number(walk, rule)
    if target is None:
        return _lost(walk, rule)
    slot = walk.ready.from_number(max(target, rule.number + 1))
    number = walk.ready.active[slot].number
    backwards = f" ({target} does not lie ahead)" if target <= rule.number else ""
    return Act(Outcome.JUMPED, f"Skips to rule {number}{backwards}.", slot=slot, jumped_to=number)


def _call(walk: Walking, rule: ReadyRule) -> Act:
    target = _number(walk, rule)
    if target is None:
        return _lost(walk, rule)
    if len(walk.stack) >= _DEEPEST_CALL:
        return _go_on(walk, rule, f"{_DEEPEST_CALL} calls are open already: not called; go on.")
    walk.stack.append(rule.number)
    slot = walk.ready.from_number(target)
    number = walk.ready.active[slot].number
    return Act(Outcome.CALLED, f"Calls the rules from {number} on.", slot=slot, jumped_to=number)


def _return(walk: Walking, rule: ReadyRule) -> Act:
    if not walk.stack:
        return _go_on(walk, rule, "Nothing called: go on.")
    caller = walk.stack.pop()
    slot = walk.ready.from_number(caller + 1)
    number = walk.ready.active[slot].number
    said = f"Returns behind rule {caller}, to {number}."
    return Act(Outcome.RETURNED, said, slot=slot, jumped_to=number)


def _nat(walk: Walking, rule: ReadyRule) -> Act:
    if walk.sight.family != 4:
        return Act(Outcome.DENIED, "Denied: NAT knows IPv4 only, and this is IPv6.", verdict=_NO)
    if rule.rule.argument == "global":
        return _nat_global(walk, rule)
    alias = walk.kernel.aliases.get(_number(walk, rule) or 0)
    if alias is None:
        said = f"Denied: there is no NAT instance {rule.rule.argument}."
        return Act(Outcome.DENIED, said, verdict=_NO)
    return _through(walk, rule, alias)


def _through(walk: Walking, rule: ReadyRule, alias: Alias) -> Act:
    before = walk.sight.addresses
    dropped = alias.translate(walk.sight)
    if dropped:
        return Act(Outcome.DROPPED, f"Dropped by NAT: {dropped}.", verdict=Verdict.DROPPED)
    after = walk.sight.addresses
    said = f"NAT changes nothing ({before})." if before == after else f"NAT makes of it {after}."
    return _translated(walk, rule, said)


def _translated(walk: Walking, rule: ReadyRule, said: str) -> Act:
    if walk.ready.firewall.one_pass:
        return Act(Outcome.TRANSLATED, f"{said} Passed here: one_pass is set.", verdict=_YES)
    walk.probed.clear()  # it is looked at as if for the first time, with the addresses that it has now
    walk.sight.table_value = ""
    return _go_on(walk, rule, f"{said} Goes on behind rule {rule.number}.", Outcome.TRANSLATED)


def _nat_global(walk: Walking, rule: ReadyRule) -> Act:
    for alias in (found for _, found in sorted(walk.kernel.aliases.items())):
        if "skip_global" not in alias.nat.options and alias.knows(walk.sight):
            return _through(walk, rule, alias)
    return _translated(walk, rule, "No NAT instance knows this connection: nothing is changed.")


def _reass(walk: Walking, rule: ReadyRule) -> Act:
    if not (walk.sight.fragment or walk.sight.more):
        return _go_on(walk, rule, "It is whole already; go on.")
    if walk.sight.family != 4:
        return _go_on(walk, rule, "Only IPv4 is put together; go on.")
    said = "Held until its other fragments are there; then the whole packet goes on behind this rule."
    return Act(Outcome.HELD, said, verdict=Verdict.HELD)


def _fwd(walk: Walking, rule: ReadyRule) -> Act:
    if rule.rule.argument == "tablearg":
        return _lost(walk, rule)
    hop, _, port = rule.rule.argument.partition(",")
    try:
        is_own = walk.kernel.places.is_local(*read_address(hop))
    except ValueError:
        return _lost(walk, rule)
    walk.sight.next_hop = hop
    where = f"the host's own {hop}{f' port {port}' if port else ''}" if is_own else hop
    return Act(Outcome.ALLOWED, f"Passed on to {where}; its addresses stay.", verdict=_YES)


def _shape(walk: Walking, rule: ReadyRule) -> Act:
    said = f"Goes through {rule.rule.action} {rule.rule.argument}, which may hold it up or lose it."
    walk.sight.unsure.append(f"What {rule.rule.action} {rule.rule.argument} does is not traced.")
    if walk.ready.firewall.one_pass:
        return Act(Outcome.HANDED, f"{said} Passed then: one_pass is set.", verdict=_YES)
    return _go_on(walk, rule, f"{said} Goes on behind rule {rule.number}.", Outcome.HANDED)


def _hand_over(walk: Walking, rule: ReadyRule) -> Act:
    said = f"{rule.rule.action} {rule.rule.argument}"
    walk.sight.unsure.append(f"What happens to it after “{said}” is not traced.")
    return Act(Outcome.HANDED, f"Handed over: {said}.", verdict=Verdict.HANDED)


def _lost(walk: Walking, rule: ReadyRule) -> Act:
    said = f"“{rule.rule.action} {rule.rule.argument}” leads we do not know where"
    walk.sight.unsure.append(f"Rule {rule.number}: {said}; it was passed over.")
    return _go_on(walk, rule, f"{said[0]}{said[1:]}: passed over.", Outcome.UNREAD)


def _unknown(walk: Walking, rule: ReadyRule) -> Act:
    walk.sight.unsure.append(
        f"What “{rule.rule.action}” does is not known here: rule {rule.number} passed over."
    )
    return _go_on(walk, rule, f"We do not know what “{rule.rule.action}” does: passed over.", Outcome.UNREAD)


_ACTIONS: Final[Mapping[str, Callable[[Walking, ReadyRule], Act]]] = {
    "allow": _allow,
    **dict.fromkeys(("deny", "reject", "reset", "reset6", "abort", "abort6", "unreach", "unreach6"), _deny),
    "count": _count,
    **dict.fromkeys(("setfib", "setdscp", "setmark", "tcp-setmss"), _change),
    "skipto": _skipto,
    "call": _call,
    "return": _return,
    "nat": _nat,
    "reass": _reass,
    "fwd": _fwd,
    "pipe": _shape,
    "queue": _shape,
    **dict.fromkeys(("divert", "tee", "netgraph", "ngtee"), _hand_over),
}
