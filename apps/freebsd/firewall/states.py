"""Dynamic states: which there are, which a packet meets, and how long they live.

Source: reference ipfw §0.3, §6.5, §6.7, §6.9.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from apps.freebsd.firewall.matching import ReadyRule
from apps.freebsd.firewall.places import address_text
from apps.freebsd.firewall.sight import (
    ACK_BIT,
    FIN_BIT,
    RST_BIT,
    SYN_BIT,
    TCP,
    UDP,
    Sight,
    proto_text,
)
from apps.freebsd.firewall.walk import Addresses, StateNote

ANY: Final = "any"
_SYN_S, _ACK_S, _FIN_S, _RST_S, _UDP_S, _OTHER_S = 20, 300, 1, 1, 10, 5
_Key = tuple[int, int, int, int, int, int]


class State:
    """One state. A match does what its parent rule does."""

    __slots__ = ("expires_s", "forward", "key", "limit_key", "name", "parent", "place", "reverse")

    def __init__(
        self, key: _Key, name: str, parent: ReadyRule, limit_key: tuple[object, ...], place: int
    ) -> None:
        self.place = place
        self.key = key
        self.name = name
        self.parent = parent
        self.limit_key = limit_key
        self.forward = self.reverse = 0  # TCP flags seen in each direction
        self.expires_s = 0.0

    def met(self, sight: Sight, now_s: float, *, is_reverse: bool) -> None:
        """Note that a packet of it came by: its life begins anew."""
        if is_reverse:
            self.reverse |= sight.flags
        else:
            self.forward |= sight.flags
        self.expires_s = now_s + self._lifetime_s(sight.proto)

    def _lifetime_s(self, proto: int) -> int:
        if proto != TCP:
            return _UDP_S if proto == UDP else _OTHER_S
        both, either = self.forward & self.reverse, self.forward | self.reverse
        if either & RST_BIT:
            return _RST_S
        if both & FIN_BIT:
            return _FIN_S
        return _ACK_S if both & SYN_BIT and both & ACK_BIT else _SYN_S

    def note(self, *, is_new: bool, is_reverse: bool) -> StateNote:
        """Return what to tell of it."""
        family, proto, src, sport, dst, dport = self.key
        ends = Addresses("", address_text(family, src), sport, address_text(family, dst), dport)
        said = f"{proto_text(proto)} {ends.sent_by} ↔ {ends.sent_to}"
        parent = self.parent
        return StateNote(is_new, parent.index, parent.number, parent.label, self.name, said, is_reverse)


def _key(sight: Sight) -> _Key:
    return (sight.family, sight.proto, sight.src, sight.sport, sight.dst, sight.dport)


class States:
    """All states of a conversation."""

    def __init__(self) -> None:
        self._states: dict[_Key, list[State]] = {}
        self._made = 0

    def find(self, sight: Sight, name: str, now_s: float) -> tuple[State, bool] | None:
        """Return the state that a packet belongs to, and whether it goes the other way; None without one.

        Of several that have any name, it is the newest: the kernel puts new ones at the head of its lists.
        """
        key = _key(sight)
        reverse = (*key[:2], *key[4:], *key[2:4])
        both = (*self._states.get(key, ()), *(self._states.get(reverse, ()) if reverse != key else ()))
        alive = [one for one in both if one.expires_s > now_s and name in (one.name, ANY)]
        if not alive:
            return None
        newest = max(alive, key=lambda state: state.place)
        return newest, newest.key != key

    def make(self, sight: Sight, rule: ReadyRule, now_s: float) -> State | None:
        """Install a state for this packet; None when the rule's limit is reached."""
        maker = rule.state
        assert maker is not None  # noqa: S101 - only rules that make states come here
        limit_key = self._limit_key(sight, rule)
        if maker.limit is not None and self._living(limit_key, now_s) >= maker.limit:
            return None
        self._made += 1
        state = State(_key(sight), maker.name, rule, limit_key, self._made)
        self._states.setdefault(state.key, []).append(state)
        state.met(sight, now_s, is_reverse=False)
        return state

    def keep_of(self, rules: Iterable[ReadyRule]) -> None:
        """Give states to the same rules among these; those of rules that are gone vanish."""
        heirs = {rule.rule: rule for rule in rules}
        for key, states in list(self._states.items()):
            kept = [state for state in states if state.parent.rule in heirs]
            for state in kept:
                state.parent = heirs[state.parent.rule]
            self._states[key] = kept

    def _limit_key(self, sight: Sight, rule: ReadyRule) -> tuple[object, ...]:
        maker = rule.state
        if maker is None or maker.limit is None:
            return ()
        ends = {
            "src-addr": sight.src,
            "src-port": sight.sport,
            "dst-addr": sight.dst,
            "dst-port": sight.dport,
        }
        return (rule.index, sight.family, sight.proto, *(ends[word] for word in maker.mask if word in ends))

    def _living(self, limit_key: tuple[object, ...], now_s: float) -> int:
        return sum(
            1
            for states in self._states.values()
            for state in states
            if state.limit_key == limit_key and state.expires_s > now_s
        )
