"""What people choose for a generated set, as `RuleSet.choices` keeps it.

    {"outgoing": [{"proto": "tcp", "ports": "443", "purpose": "https"}, …], "host_services": […],
     "icmp": true, "start": 400}

What is left out has its default; so an empty object is a whole choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.inputs import DEFAULT_OUTGOING, Service

START = 400


@dataclass(frozen=True, slots=True)
class Choices:
    """What is chosen for a generated set.

    Args:
        outgoing: Services that jails and the host may use outside.
        host_services: Services of the host itself that anyone may use.
        icmp: Whether the host answers pings, and jails and host may ping.
        start: The number of the first outgoing service in the article's set.
    """

    outgoing: tuple[Service, ...] = DEFAULT_OUTGOING
    host_services: tuple[Service, ...] = ()
    icmp: bool = True
    start: int = START


def read_choices(data: Mapping[str, Any]) -> Choices:
    """Return the choices that are kept as JSON.

    Raises:
        InvalidInput: A part is not what a rule could be made of; `field` names it.
    """
    plain = Choices()
    return Choices(
        outgoing=_services(data, "outgoing", plain.outgoing),
        host_services=_services(data, "host_services", plain.host_services),
        icmp=bool(data.get("icmp", plain.icmp)),
        start=_number(data, "start", plain.start),
    )


def _services(data: Mapping[str, Any], name: str, default: tuple[Service, ...]) -> tuple[Service, ...]:
    if name not in data:
        return default
    try:
        return tuple(
            Service(str(one["proto"]), str(one["ports"]), str(one.get("purpose", ""))) for one in data[name]
        )
    except InvalidInput as error:
        raise InvalidInput(error.message, field=name) from error
    except (TypeError, KeyError, AttributeError) as error:
        raise InvalidInput("A service is a protocol, its ports and what it is for.", field=name) from error


def _number(data: Mapping[str, Any], name: str, default: int) -> int:
    try:
        return int(data.get(name, default))
    except (TypeError, ValueError):
        raise InvalidInput("This is no whole number.", field=name) from None
