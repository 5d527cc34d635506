"""`manage.py firewall trace`: the way of packets through a host's rules."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from apps.accounts.actor import Actor
from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.packet import Packet
from apps.freebsd.firewall.walk import Line, Outcome, Pass, Walk
from apps.jobs.command_line.console import Console, plain
from apps.network.command_line.asked import add_against, firewall_of, host_find
from apps.network.tracing.showing import OUTCOMES, text_of
from apps.network.tracing.spelling import read_packet, spell
from apps.network.tracing.walks import walks as walks_of
from apps.network.tracing.world import world_of

HELP = "show the way of packets through a host's rules; 0 when the last one arrives, 1 when not"
COLOURS = {"good": "green", "bad": "red", "odd": "orange", "on": "blue", "quiet": ""}
_QUIET = (Outcome.MISSED, Outcome.LOOKED)


def add_arguments(parser: ArgumentParser) -> None:
    """Take the packets."""
    parser.add_argument(
        "packets", nargs="+", metavar="PACKET",
        help="such as 'jail:www tcp 198.51.100.7:443 syn' or 'reply syn,ack'; several make a conversation",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="rules that do not match, too")
    add_against(parser)


def run(console: Console, actor: Actor, options: dict[str, Any]) -> int:
    """Trace.

    Raises:
        InvalidInput: There is no such host, it has no rules, or a packet is none.
    """
    host = host_find(actor, options["host"])
    firewall = firewall_of(host, options["against"])
    packets = tuple(read_packet(text) for text in options["packets"])
    walks = walks_of(firewall, world_of(host), packets)
    if options["json"]:
        rows = [_as_data(packet, walk, firewall) for packet, walk in zip(packets, walks, strict=True)]
        console.line(json.dumps(rows, indent=2))
    else:
        for packet, walk in zip(packets, walks, strict=True):
            _show(console, packet, walk, firewall, with_all=options["all"])
    return 0 if walks[-1].fate.arrives else 1


def _show(console: Console, packet: Packet, walk: Walk, firewall: Firewall, *, with_all: bool) -> None:
    console.line(spell(packet))
    for one in walk.passes:
        way = "coming in" if one.direction == "in" else "going out"
        console.line(f"  {way} by {plain(one.interface)}: {one.before}")
        for line in one.lines:
            if with_all or line.outcome not in _QUIET:
                _show_line(console, line, firewall)
    console.line(console.paint(f"  {plain(walk.fate.sentence)}", "green" if walk.fate.arrives else "red"))
    for doubt in walk.doubts:
        console.line(console.paint(f"  ? {plain(doubt)}", "orange"))


def _show_line(console: Console, line: Line, firewall: Firewall) -> None:
    word, tone, _icon = OUTCOMES[line.outcome]
    text = plain(text_of(line, firewall))
    console.line(f"    {line.number:05d} {text}  {console.paint(f'[{word}]', COLOURS[tone])}")
    console.line(f"          {plain(line.sentence)}")


def _as_data(packet: Packet, walk: Walk, firewall: Firewall) -> dict[str, Any]:
    fate = walk.fate
    return {
        "packet": spell(packet),
        "arrives": fate.arrives,
        "ending": str(fate.ending),
        "sentence": fate.sentence,
        "rule": fate.rule_number,
        "addresses": str(fate.addresses) if fate.addresses else None,
        "doubts": list(walk.doubts),
        "passes": [_pass_data(one, firewall) for one in walk.passes],
    }


def _pass_data(one: Pass, firewall: Firewall) -> dict[str, Any]:
    lines = [_line_data(line, firewall) for line in one.lines]
    return {"direction": one.direction, "interface": one.interface, "lines": lines}


def _line_data(line: Line, firewall: Firewall) -> dict[str, Any]:
    return {
        "number": line.number,
        "rule": text_of(line, firewall),
        "outcome": str(line.outcome),
        "why": line.sentence,
    }
