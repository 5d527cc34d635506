"""What is lacking for generated rules to be of full use."""

from __future__ import annotations

from apps.freebsd.firewall.inputs import FirewallInputs

_NO_PANEL = "It is not known where the panel's connection comes from, so SSH is open to everyone."
_NO_OUTSIDE = "The interface towards the world is not known, so rules hold for every interface."
_NO_PUBLIC = "The host's public IPv4 address is not known."
_NO_JAILS = "There is no network of jails: nothing is translated."
_NO_NAT = "There is no NAT instance (the host's NAT tab adds one): jails reach nothing outside."
_TWICE = "Two NAT instances have one address: the first of them gets all that comes in for it."


def hints(inputs: FirewallInputs) -> tuple[str, ...]:
    """Return what is lacking, in sentences."""
    first = (*inputs.public4, "")[0]
    own = (one.address or (first if one.interface == inputs.outside else "") for one in inputs.nat)
    addresses = [text for text in own if text]
    found = (
        (not inputs.panel_address, _NO_PANEL),
        (not inputs.outside, _NO_OUTSIDE),
        (not inputs.public4, _NO_PUBLIC),
        (not inputs.jail_networks, _NO_JAILS),
        (bool(inputs.translated) and not inputs.nat, _NO_NAT),
        (len(set(addresses)) < len(addresses), _TWICE),
    )
    return (*(sentence for holds, sentence in found if holds), *_of_networks(inputs))


def _of_networks(inputs: FirewallInputs) -> list[str]:
    numbers = {one.number for one in inputs.nat}
    shared = ", ".join(net for net in inputs.jail_networks if inputs.holds_host(net))
    unknown = ", ".join(f"{net} to {number}" for net, number in inputs.nat_of if number not in numbers)
    found = []
    if shared:
        found.append(f"The host itself lives in {shared}: what leaves from there is not translated.")
    if unknown:
        found.append(f"Networks are given to NAT instances that do not exist: {unknown}.")
    return found
