"""Hosts in different states of being set up, and the facts that say so."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface
from typing import Any

from apps.freebsd.ezjail_settings import SETTINGS
from apps.jails.ezjail.situation import Situation
from tests.places import FACTS

DEFAULTS = {item.name: item.default_for("/usr/jails") for item in SETTINGS}
LOOPBACK = (ip_interface("127.0.0.1/8"), ip_interface("::1/128"))
FRESH = Situation(
    in_effect=DEFAULTS,
    has_pkg=False,
    interfaces={"re0": (ip_interface("192.0.2.7/24"),), "lo0": LOOPBACK},
)
POOLS = {"zroot": "ONLINE"}
DATASETS = {"zroot": "/zroot", "zroot/home": "/home", "zroot/swap": ""}
ON_ZFS = replace(FRESH, pools=POOLS, datasets=DATASETS)
DONE = replace(
    FRESH,
    installed=True,
    enabled=True,
    has_pkg=True,
    config_is="text",
    config_text="# mine\nezjail_ftphost=https://download.freebsd.org\n",
    in_effect=DEFAULTS
    | {
        "ezjail_ftphost": "https://download.freebsd.org",
        "ezjail_exec_stop": "/bin/sh /etc/rc.shutdown jail",
    },
    rc={"jail_confwarn": "NO", "cloned_interfaces": "lo1", "ifconfig_lo1": "inet 10.0.0.1/24"},
    interfaces={**FRESH.interfaces, "lo1": (ip_interface("10.0.0.1/24"),)},
)


def facts(seen: Situation) -> dict[str, Any]:
    """Return the facts of a host in a state."""
    ezjail = {
        "installed": seen.installed,
        "version": "3.4.2" if seen.installed else "",
        "enabled": seen.enabled,
        "config_is": seen.config_is,
        "config_text": seen.config_text,
        "in_effect": dict(seen.in_effect),
        "settings": {"jaildir": seen.setting("ezjail_jaildir")},
    }
    setup = {
        "has_pkg": seen.has_pkg,
        "rc": {"values": dict(seen.rc), "unclear": list(seen.unclear)},
        "datasets": [{"name": name, "mountpoint": at} for name, at in seen.datasets.items()],
    }
    interfaces = [
        {"name": name, "addresses": [str(item) for item in addresses]}
        for name, addresses in seen.interfaces.items()
    ]
    pools = [{"name": name, "health": health} for name, health in seen.pools.items()] or None
    return FACTS | {"ezjail": ezjail, "setup": setup, "interfaces": interfaces, "zpools": pools}
