"""What verbs are about: a host, and its rules that are live or wanted."""

from __future__ import annotations

from argparse import ArgumentParser

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.model import Firewall
from apps.hosts.models import Host
from apps.hosts.queries import host_list
from apps.jobs.command_line.console import plain
from apps.network.tracing.against import LIVE, WANTED, live_side, wanted_side


def host_find(actor: Actor, name: str) -> Host:
    """Return the host of a name.

    Raises:
        InvalidInput: There is none.
    """
    host = host_list(actor, Perm.NETWORK_VIEW).filter(name=name).first() if "\x00" not in name else None
    if host is None:
        raise InvalidInput(f"There is no host “{plain(name)}”.")
    return host


def add_against(parser: ArgumentParser) -> None:
    """Take which rules are meant."""
    parser.add_argument(
        "--against", choices=(LIVE, WANTED), default=WANTED,
        help="the rules that were last seen on the host, or those that are wanted (the default)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="as JSON")


def firewall_of(host: Host, against: str) -> Firewall:
    """Return a host's rules.

    Raises:
        InvalidInput: There are none.
    """
    side = live_side(host) if against == LIVE else wanted_side(host)
    if side.firewall is None:
        raise InvalidInput(side.why_not)
    return side.firewall
