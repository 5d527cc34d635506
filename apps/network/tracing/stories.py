"""Ready conversations for the tracer, made from what a host has."""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.firewall.packet import JailPlace, World
from apps.network.rulesets.values import Values

ELSEWHERE = "198.51.100.7"  # kept for examples (RFC 5737): nobody is there
RESOLVER = "9.9.9.9"
_OPENS = ("reply syn,ack", "reply ack")


@dataclass(frozen=True, slots=True)
class Story:
    """A ready conversation.

    Args:
        key: Names it in an address.
        title: What happens in it.
        packets: Its packets, spelled.
    """

    key: str
    title: str
    packets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A port forward: a public port, and the jail that it leads to."""

    proto: str
    port: int
    jail: str


def stories(world: World, values: Values, ways: tuple[Way, ...] = ()) -> tuple[Story, ...]:
    """Return the conversations that make sense on a host.

    Args:
        world: The host's interfaces and jails.
        values: Its own values.
        ways: Its port forwards.
    """
    public = next((text for text in values.public_addresses if ":" not in text), "")
    jails = [jail for jail in world.jails if any(":" not in address for address in jail.addresses)]
    told = [*_of_host()]
    if jails:
        told = [*_of_jail(jails[0]), *told]
    if len(jails) > 1:
        other = next(address for address in jails[1].addresses if ":" not in address)
        told.append(Story("jail-jail", f"{jails[0].name} opens a connection to {jails[1].name}",
            (f"jail:{jails[0].name} tcp {other}:5432 syn sport=51000", *_OPENS)))  # fmt: skip
    if public:
        told += _from_outside(public, values, ways)
    return tuple(told)


def _of_jail(jail: JailPlace) -> list[Story]:
    name, own = jail.name, next(address for address in jail.addresses if ":" not in address)
    return [
        Story(
            "jail-web",
            f"{name} asks a web server",
            (f"jail:{name} tcp {own}:51000 {ELSEWHERE}:443 syn", *_OPENS),
        ),
        Story("jail-dns", f"{name} looks up a name", (f"jail:{name} udp {own}:51000 {RESOLVER}:53", "reply")),
        Story("jail-ping", f"{name} pings someone", (f"jail:{name} icmp {ELSEWHERE}", "reply type=0")),
        Story(
            "jail-odd", f"{name} tries mail to anybody", (f"jail:{name} tcp {own}:51000 {ELSEWHERE}:25 syn",)
        ),
    ]


def _of_host() -> list[Story]:
    return [
        Story(
            "host-web", "The host asks a web server", (f"host tcp {ELSEWHERE}:443 syn sport=40000", *_OPENS)
        )
    ]


def _from_outside(public: str, values: Values, ways: tuple[Way, ...]) -> list[Story]:
    panel, port = values.panel_address or ELSEWHERE, values.panel_port or 22
    panel = panel if ":" not in panel else ELSEWHERE
    web = (f"outside tcp {ELSEWHERE}:40000 {public}:80 syn", *_OPENS)
    found = [
        Story("panel", "The panel's SSH", (f"outside tcp {panel}:50022 {public}:{port} syn", *_OPENS)),
        Story("ssh", "Somebody else's SSH", (f"outside tcp {ELSEWHERE}:50022 {public}:{port} syn", *_OPENS)),
        Story("ping", "A ping from outside", (f"outside icmp {ELSEWHERE} {public}", "reply type=0")),
        Story("web", "Someone opens a web page here", web),
        Story("shut", "Someone tries a port that is for nobody",
              (f"outside tcp {ELSEWHERE}:40000 {public}:3306 syn",)),
    ]  # fmt: skip
    for way in ways[:4]:
        first = f"outside {way.proto} {ELSEWHERE}:40000 {public}:{way.port}"
        talk = (f"{first} syn", *_OPENS) if way.proto == "tcp" else (first, "reply")
        title = f"Someone comes to port {way.port}, which leads to {way.jail or 'a jail'}"
        found.append(Story(f"forward-{way.proto}-{way.port}", title, talk))
    return found
