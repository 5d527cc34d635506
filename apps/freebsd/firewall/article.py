"""The set of the article that this project is built from, to the letter, below the panel's own SSH.

Its order is the point: NAT in before check-state, and at the same number first the jails' skipto, then the
host's own allow. With one_pass on, all that comes in for a public address is accepted at its NAT.

Source: reference ipfw §7.
"""

from __future__ import annotations

from apps.freebsd.firewall.generated import (
    Generated,
    by_instance,
    generated,
    in_order,
    listed,
    opens,
    panel_pair,
    redirected,
    rules_of,
    spread,
    to_ports,
)
from apps.freebsd.firewall.inputs import FirewallInputs, Service
from apps.freebsd.firewall.model import Firewall, NatInstance

NAT_IN, CHECK_STATE, NAT_OUT = 199, 200, 700


def article(inputs: FirewallInputs) -> Firewall:
    """Return the article's set for a host's own values."""
    return Firewall(rules=rules_of(article_rules(inputs)), nat=inputs.nat, one_pass=True)


def article_rules(inputs: FirewallInputs) -> tuple[Generated, ...]:
    """Return its rules, each with its purpose."""
    return in_order(
        [
            *panel_pair(inputs),
            generated(
                100, "allow ip from any to any via lo0", "Host and jails speak with each other over loopback."
            ),
            *_nat_in(inputs),
            generated(
                CHECK_STATE,
                "check-state",
                "What belongs to a known conversation does what the rule did that began it.",
            ),
            *_services(inputs),
            *_nat_out(inputs),
        ]
    )


def _nat_in(inputs: FirewallInputs) -> list[Generated]:
    return [
        generated(
            NAT_IN,
            f"nat {instance.number} ip from any to {public} in",
            f"Gives what comes in for {public} to NAT, which knows the jail that it is for.",
        )
        for instance in inputs.nat
        for public in _publics(instance, inputs)
    ]


def _publics(instance: NatInstance, inputs: FirewallInputs) -> tuple[str, ...]:
    """Return for which addresses an instance stands; `me` where an interface says it and we do not know."""
    own = instance.address or (*inputs.public4, "me")[0]
    return (own, *(text for text in redirected(instance) if text != own))


def _services(inputs: FirewallInputs) -> list[Generated]:
    numbers = spread(inputs.start, len(inputs.outgoing), NAT_OUT - inputs.start)
    pairs = zip(numbers, inputs.outgoing, strict=True)
    return [line for number, service in pairs for line in _service(number, service, inputs)]


def _service(number: int, service: Service, inputs: FirewallInputs) -> list[Generated]:
    """Return the jails' skipto and then, at the same number, the host's own allow."""
    to = f"to any{to_ports(service)} out {opens(service)}"
    host = generated(
        number,
        f"allow {service.proto} from me {to}",
        f"The host itself may use {service.said}.",
        service.said,
    )
    if not inputs.translated:
        return [host]
    jails = generated(
        number,
        f"skipto {NAT_OUT} {service.proto} from {listed(inputs.translated)} {to}",
        f"Jails may use {service.said}: on to NAT. It stands before the host's own rule, because “me” means "
        "jails too.",
        service.said,
    )
    return [jails, host]


def _nat_out(inputs: FirewallInputs) -> list[Generated]:
    return [
        generated(
            NAT_OUT,
            f"nat {number} ip4 from {listed([net])} to not {listed([net])} out",
            f"Gives what leaves {net} the public address of instance {number}.",
        )
        for number, nets in by_instance(inputs).items()
        for net in nets
    ]
