"""The tracer's page. The packets stand in its address, so that a trace can be sent to a colleague."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.packet import Packet, World
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.network.rulesets.queries import rule_set_of
from apps.network.rulesets.values import proposal
from apps.network.tracing.against import BOTH, LIVE, WANTED, Side, sides
from apps.network.tracing.forms import PacketForm
from apps.network.tracing.showing import ShownWalk, differ, shown
from apps.network.tracing.spelling import query_of, read_packet, spell
from apps.network.tracing.stories import Story, stories
from apps.network.tracing.walks import walks as walks_of
from apps.network.tracing.ways import ways_of
from apps.network.tracing.world import world_of
from apps.pages import htmx

MOST_PACKETS = 12
_AGAINST = ((LIVE, "What is live"), (WANTED, "What is wanted"), (BOTH, "Both, beside each other"))


@dataclass(frozen=True, slots=True)
class Step:
    """One packet of the conversation and its ways.

    Args:
        packet: As it was typed.
        spelled: In words.
        sides: What it is traced against, with its walk.
        differs: Whether its fate is another on the other side.
        without: The query string without it and what comes after.
    """

    packet: Packet
    spelled: str
    sides: tuple[tuple[Side, ShownWalk], ...]
    differs: bool
    without: str


@require_GET
def trace_host(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show the way of packets through a host's rules."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.NETWORK_VIEW)
    world = world_of(host)
    spelled, against = request.GET.getlist("p")[:MOST_PACKETS], request.GET.get("against", "")
    form = PacketForm(world, request.GET if "add" in request.GET else None)
    if form.is_bound and form.is_valid():
        return redirect(f"{request.path}{query_of([*spelled, form.spelled], against)}")
    context = _frame(host, world, spelled, against) | {"form": form}
    context |= _traced(host, world, spelled, against)
    status = 422 if form.errors or context["problem"] else 200
    return htmx.render_page(request, "network/trace/page.html", context, partials={}, status=status)


def _frame(host: Host, world: World, spelled: list[str], against: str) -> dict[str, Any]:
    told = stories(world, proposal(host), ways_of(host))
    return {
        "host": host,
        "rule_set": rule_set_of(host),
        "area": "firewall",
        "spelled": spelled,
        "against": against,
        "stories": [_told(story, spelled, against) for story in told],
    }


def _told(story: Story, spelled: list[str], against: str) -> tuple[str, bool, str]:
    return story.title, spelled == list(story.packets), query_of(list(story.packets), against)


def _traced(host: Host, world: World, spelled: list[str], against: str) -> dict[str, Any]:
    against_what = sides(host, against)
    if against not in {LIVE, WANTED, BOTH}:
        against = against_what[0].key if len(against_what) == 1 else BOTH
    choices = [(label, key == against, query_of(spelled, key)) for key, label in _AGAINST]
    found: dict[str, Any] = {
        "choices": choices,
        "sides": against_what,
        "steps": [],
        "problem": "",
        "reply": "",
    }
    try:
        packets = tuple(read_packet(text) for text in spelled)
        found["steps"] = _steps(world, packets, spelled, against_what, against)
    except InvalidInput as error:
        found["problem"] = error.message
        return found
    if packets and len(packets) < MOST_PACKETS:
        found["reply"] = query_of([*spelled, _reply_to(packets)], against)
    return found


def _steps(
    world: World, packets: tuple[Packet, ...], spelled: list[str], against_what: list[Side], against: str
) -> list[Step]:
    there = [side for side in against_what if side.firewall is not None]
    walks = [walks_of(side.firewall, world, packets) for side in there if side.firewall]
    made = []
    for at, packet in enumerate(packets):
        own = [
            (side, shown(walk[at], side.firewall))
            for side, walk in zip(there, walks, strict=True)
            if side.firewall
        ]
        fates = [one.walk.fate for _side, one in own]
        is_other = len(fates) == 2 and differ(fates[0], fates[1])
        made.append(Step(packet, spelled[at], tuple(own), is_other, query_of(spelled[:at], against)))
    return made


def _reply_to(packets: tuple[Packet, ...]) -> str:
    last, first = packets[-1], packets[0]
    if first.proto == "tcp":
        flags = frozenset({"syn", "ack"}) if last.flags == frozenset({"syn"}) else frozenset({"ack"})
        return spell(Packet(is_reply=True, flags=flags))
    if "icmp" in first.proto and first.icmp_type in {8, 128} and len(packets) == 1:
        return f"reply type={0 if first.icmp_type == 8 else 129}"
    return "reply"
