"""Firewalls written as text for the lint's tests, and the host that they are for."""

from __future__ import annotations

from apps.freebsd.firewall.lint import LintContext, apply_fix, lint
from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.nat_config import parse_nat
from apps.freebsd.firewall.packet import Interface, JailPlace, World
from apps.freebsd.firewall.parse import parse_rules

PANEL = "198.51.100.7"
WORLD = World(
    interfaces=(
        Interface("lo0", ("127.0.0.1/8",)),
        Interface("re0", ("192.0.2.10/24", "2001:db8::10/64")),
        Interface("lo1", ("10.0.0.1/24", "10.0.0.5/24")),
    ),
    jails=(JailPlace("web", ("10.0.0.5",)),),
    outside="re0",
)
CONTEXT = LintContext(WORLD, ("10.0.0.0/24",))
NAT = parse_nat("nat 123 config ip 192.0.2.10 same_ports")


def firewall(text, *nat, **more):
    """Return a firewall of these rules, one a line."""
    found, problems = parse_rules(text)
    assert not problems
    return Firewall(rules=found, nat=nat or (NAT,), **{"one_pass": False, **more})


def found(fw, code, context=CONTEXT):
    """Return the findings of one kind."""
    return [finding for finding in lint(fw, context) if finding.code == code]


def assert_fixed(fw, code, context=CONTEXT):
    """Check that what is offered makes the finding go away, and return what comes out."""
    (finding,) = found(fw, code, context)
    assert finding.fix is not None
    fixed = apply_fix(fw, finding.fix)
    assert not found(fixed, code, context)
    return fixed
