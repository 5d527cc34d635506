"""What a probe says of a host's firewall: the rules with their counters, sets, NAT instances, tables, boot.

Source: reference ipfw §1, §4, §5.2, §8, §9.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from apps.freebsd.errors import ParseError
from apps.freebsd.firewall.listing import SeenRule, parse_rule_list, parse_set_show
from apps.freebsd.firewall.model import DEFAULT_RULE, Firewall
from apps.freebsd.firewall.nat_config import parse_nats
from apps.freebsd.firewall.tables import parse_tables
from apps.freebsd.parsers.lines import split_lines
from apps.freebsd.parsers.sysctl import parse_sysctl

if TYPE_CHECKING:
    from apps.freebsd.parsers.sections import FactSections

RULES = "ipfw-rules"


@dataclass(frozen=True, slots=True)
class FirewallFacts:
    """A host's firewall.

    Args:
        firewall: What decides about packets: all rules, those of disabled sets and of set 31 among them,
            without the default rule.
        seen: The same rules with their counters, and the default rule at the end.
        has_nat: Whether NAT is loaded.
        is_enabled: Whether packets are looked at at all (net.inet.ip.fw.enable).
        boot_text: What the panel's file for the next boot holds; None when there is none.
        files: The names of the panel's files for ipfw that are there.
    """

    firewall: Firewall
    seen: tuple[SeenRule, ...]
    has_nat: bool
    is_enabled: bool
    boot_text: str | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PanelClient:
    """Where the panel's own connection comes from, as the host sees it, and to which port it goes."""

    address: str
    port: int


def has_ipfw(sections: FactSections) -> bool:
    """Return whether ipfw is loaded on the host, or compiled in."""
    return RULES in sections


def parse_firewall(sections: FactSections) -> FirewallFacts:
    """Read the sections of a host that has ipfw.

    Raises:
        ParseError: Something of it is not understood.
    """
    kernel = parse_sysctl(_text(sections, "sysctl"))
    seen = parse_rule_list(_text(sections, RULES))
    if not seen or seen[-1].rule.number != DEFAULT_RULE:
        raise ParseError("ipfw list: the default rule is not at the end.")
    nat = sections.get("ipfw-nat")
    has_nat = nat is not None and nat.status == 0
    boot = sections.get("ipfw-boot")
    files = sections.get("firewall-files")
    return FirewallFacts(
        firewall=Firewall(
            rules=tuple(line.rule for line in seen[:-1]),
            nat=parse_nats(nat.text) if nat and has_nat else (),
            tables=parse_tables(_text(sections, "ipfw-tables")),
            one_pass=kernel.get("net.inet.ip.fw.one_pass", "1") != "0",
            default_allows=seen[-1].rule.action == "allow",
            disabled_sets=parse_set_show(_text(sections, "ipfw-sets")),
        ),
        seen=seen,
        has_nat=has_nat,
        is_enabled=kernel.get("net.inet.ip.fw.enable", "1") != "0",
        boot_text=boot.text if boot and boot.status == 0 else None,
        files=tuple(split_lines(files.text)) if files and files.status == 0 else (),
    )


def parse_client(sections: FactSections) -> PanelClient | None:
    """Read where the panel comes from; None where it is not over SSH, or an older agent does not say."""
    section = sections.get("client")
    words = section.text.split() if section and section.status == 0 else []
    if len(words) != 3 or not words[2].isdigit() or not 1 <= int(words[2]) <= 65535:
        return None
    try:
        return PanelClient(str(ip_address(words[0])), int(words[2]))
    except ValueError:
        return None


def _text(sections: FactSections, key: str) -> str:
    section = sections.get(key)
    if section is None or section.status != 0:
        said = section.error_text.strip()[:200] if section else ""
        raise ParseError(f"The host could not say “{key}”: {said or 'it is missing'}")
    return section.text
