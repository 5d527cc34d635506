"""Rules of the recommended set that keep private addresses where they belong."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from apps.freebsd.firewall.generated import Generated, generated, listed, side
from apps.freebsd.firewall.inputs import FirewallInputs

SPOOFED, UNTRANSLATED, LEFT_BY_NAT = 150, 690, 1900
_PRIVATE6 = "fc00::/7"


def spoofed(inputs: FirewallInputs) -> list[Generated]:
    """Return rules by which nobody outside is a jail, or names one by its private address."""
    if not (inputs.outside and inputs.translated):
        return []
    nets, recv = listed(inputs.translated), side("recv", inputs)
    return [
        generated(
            SPOOFED, f"deny ip4 from {nets} to any in{recv}", "Nobody outside can have a jail's address."
        ),
        generated(
            SPOOFED + 10,
            f"deny ip4 from any to {nets} in{recv}",
            "Jails are reached by their public address only: this is not translated yet.",
        ),
    ]


def untranslated(inputs: FirewallInputs) -> list[Generated]:
    """Return rules that stop private sources, before the host's own `me` lets them out and after NAT."""
    early = "What jails are not let out with above ends here, before “me” means it."
    late = "What NAT left with a private address does not leave."
    return [
        *_stop(UNTRANSLATED, inputs, early),
        *(_stop(LEFT_BY_NAT, inputs, late) if inputs.nat else ()),
    ]


def _stop(number: int, inputs: FirewallInputs, purpose: str) -> list[Generated]:
    xmit = side("xmit", inputs)
    rules = []
    if inputs.translated:
        nets = listed(inputs.translated)
        rules.append(generated(number, f"deny log ip4 from {nets} to any out", purpose))
    if inputs.private:
        rules.append(
            generated(number, f"deny log ip4 from {listed(inputs.private)} to any out{xmit}", purpose)
        )
    if nets6 := _private6(inputs):
        rules.append(generated(number, f"deny log ip6 from {listed(nets6)} to any out{xmit}", purpose))
    return rules


def _private6(inputs: FirewallInputs) -> tuple[str, ...]:
    own = any(ip_address(text) in ip_network(_PRIVATE6) for text in (*inputs.public, *inputs.own))
    return () if own or not inputs.outside else (_PRIVATE6,)
