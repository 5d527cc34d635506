"""Hosts, basejails and jails as a probe would have stored them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.hosts.models import Host, HostState
from apps.jails.models import Basejail, Jail, JailAddress

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHhMWNXTuxoFqQRFhDlUHBxTIPmXNnY7MjbbgyNLpLxi"

FACTS: dict[str, Any] = {
    "hostname": "alpha.example",
    "machine": "amd64",
    "ncpu": 4,
    "memory_bytes": 8 * 2**30,
    "load": [0.2, 0.3, 0.25],
    "kernel_installed": "13.2-RELEASE",
    "interfaces": [
        {"name": "re0", "addresses": ["192.0.2.1/24"]},
        {"name": "lo0", "addresses": ["127.0.0.1/8", "::1/128", "10.0.0.1/24"]},
    ],
    "zpools": None,
    "ezjail": {"installed": True, "version": "3.4.2", "enabled": True, "settings": {"jaildir": "/usr/jails"}},
    "flavours": ["example"],
    "leftovers": {"files": [], "roots": [], "fstabs": [], "datasets": [], "jails": []},
    "problems": [],
}


def make_host(name: str, *, address: str = "192.0.2.1", state: str = HostState.ONLINE, **values: Any) -> Host:
    now = timezone.now()
    defaults = {
        "host_key": HOST_KEY,
        "seen_at": now,
        "tried_at": now,
        "boot_at": now - timedelta(days=3),
        "release": "13.2-RELEASE",
        "facts": FACTS,
    }
    return Host.objects.create(name=name, address=address, state=state, **(defaults | values))


def make_basejail(host: Host, *, complete: bool = True) -> Basejail:
    return Basejail.objects.create(
        host=host,
        is_present=True,
        is_complete=complete,
        release="13.2-RELEASE",
        problems=[] if complete else ["bin/sh is missing"],
        observed_at=timezone.now(),
    )


def make_jail(host: Host, name: str = "test", *, addresses: str = "lo0|10.0.0.2/24", **values: Any) -> Jail:
    safe = "".join(character if character.isalnum() else "_" for character in name)
    defaults = {"root": f"/usr/jails/{name}", "observed_at": timezone.now()}
    jail = Jail.objects.create(host=host, name=name, safe_name=safe, **(defaults | values))
    for position, text in enumerate(addresses.split(",")):
        interface, _, rest = text.partition("|")
        address, _, prefix = rest.partition("/")
        JailAddress.objects.create(
            jail=jail, position=position, interface=interface, address=address, prefix=int(prefix)
        )
    return jail
