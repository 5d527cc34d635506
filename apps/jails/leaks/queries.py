"""Which jails have a public address where 127.0.0.1 leads: over all hosts, imported and drifted ones too."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from django.db.models import OuterRef, Q, QuerySet, Subquery

from apps.accounts.actor import Actor
from apps.freebsd.values import IpAddress, is_private
from apps.jails.models import Jail, JailAddress
from apps.jails.queries import jail_list

# What `is_private` says, for a database; addresses are stored as Python prints them.
FOUR = r"^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$"
ADDRESS = rf"{FOUR}|^[0-9a-f:.]*:[0-9a-f:.]*(%|$)"
PRIVATE = (
    r"^(10|127|192\.168|169\.254|172\.(1[6-9]|2[0-9]|3[01])|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7]))\."
    r"|^::1$|^f[cd][0-9a-f][0-9a-f]:|^fe[89ab][0-9a-f]:"
)


def leak_list(actor: Actor) -> QuerySet[Jail]:
    """Return the jails that the actor sees whose first address, or first IPv4 one, is public."""
    return leaking(jail_list(actor))


def leaking(jails: QuerySet[Jail]) -> QuerySet[Jail]:
    """Narrow jails to those that leak; the rule is JailAddresses.first_is_public."""
    mine = JailAddress.objects.filter(jail=OuterRef("pk")).order_by("position").values("address")
    annotated = jails.annotate(
        first_address=Subquery(mine.filter(address__regex=ADDRESS)[:1]),
        first_four=Subquery(mine.filter(address__regex=FOUR)[:1]),
    )
    return annotated.filter(_is_public("first_address") | _is_public("first_four"))


def _is_public(name: str) -> Q:
    return Q(**{f"{name}__isnull": False}) & ~Q(**{f"{name}__regex": PRIVATE})


def leak_of(jail: Jail) -> str:
    """Return the public address that “localhost” means in a jail; empty when it is private."""
    found = addresses_of(jail)
    fours = [ip for ip in found if ip.version == 4]
    return next((str(ip) for ip in (*fours[:1], *found[:1]) if not is_private(ip)), "")


def addresses_of(jail: Jail) -> list[IpAddress]:
    """Return a jail's addresses in order, without what is none."""
    return list(_parsed(row.address for row in jail.addresses.all()))


def _parsed(texts: Iterable[str]) -> Iterable[IpAddress]:
    for text in texts:
        try:
            yield ip_address(text)
        except ValueError:
            continue


def localhost(address: str) -> str:
    """Return the loopback address of the family of an address."""
    return "::1" if ":" in address else "127.0.0.1"
