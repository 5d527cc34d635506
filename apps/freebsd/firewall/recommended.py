"""The recommended set: one_pass off, so that what was translated is still looked at.

What comes in is reassembled and translated back before check-state, so that states know the jail's own
address. Whatever a jail says, or is told through a forward, goes by skipto to the NAT at the end, in both
directions: a state does what the rule did that made it, and an answer that was merely allowed would leave
with its private address.

Source: reference ipfw §7 (conclusion), §8, §11.
"""

from __future__ import annotations

from apps.freebsd.firewall.generated import Generated, generated, in_order, panel_pair, rules_of
from apps.freebsd.firewall.inputs import FirewallInputs
from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.recommended_hosts import after_states, before_nat
from apps.freebsd.firewall.recommended_jails import nat_in, nat_out, of_jails
from apps.freebsd.firewall.recommended_private import spoofed, untranslated

CHECK_STATE, DENY, ALLOW = 400, 900, 2000


def recommended(inputs: FirewallInputs) -> Firewall:
    """Return the recommended set for a host's own values."""
    return Firewall(rules=rules_of(recommended_rules(inputs)), nat=inputs.nat, one_pass=False)


def recommended_rules(inputs: FirewallInputs) -> tuple[Generated, ...]:
    """Return its rules, each with its purpose."""
    return in_order(
        [
            *panel_pair(inputs),
            *_loopback(),
            *spoofed(inputs),
            _reassembly(),
            *before_nat(inputs),
            *nat_in(inputs),
            _check_state(),
            *of_jails(inputs),
            *untranslated(inputs),
            *after_states(inputs),
            _closing(),
            *nat_out(inputs),
            *_final(inputs),
        ]
    )


def _loopback() -> list[Generated]:
    return [
        generated(
            100, "allow ip from any to any via lo0", "Host and jails speak with each other over loopback."
        ),
        generated(110, "deny ip from any to 127.0.0.0/8", "Loopback addresses have no place elsewhere."),
        generated(120, "deny ip from 127.0.0.0/8 to any", "Nor does anyone elsewhere have one."),
        generated(130, "deny ip from any to ::1", "Loopback addresses have no place elsewhere (IPv6)."),
        generated(140, "deny ip from ::1 to any", "Nor does anyone elsewhere have one (IPv6)."),
    ]


def _reassembly() -> Generated:
    purpose = "Puts fragments together: NAT and rules with ports know only whole packets."
    return generated(190, "reass ip4 from any to any in", purpose)


def _check_state() -> Generated:
    return generated(
        CHECK_STATE,
        "check-state",
        "What belongs to a known conversation does what the rule did that began it.",
    )


def _closing() -> Generated:
    return generated(DENY, "deny log ip from any to any", "Whatever nothing above asked for ends here.")


def _final(inputs: FirewallInputs) -> list[Generated]:
    """Return the end of what skips past the closing deny; without NAT nothing does."""
    purpose = "Only what was let through above and, where needed, translated comes this far."
    return [generated(ALLOW, "allow ip from any to any", purpose)] if inputs.nat else []
