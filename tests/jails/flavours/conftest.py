from __future__ import annotations

import pytest

from apps.freebsd.channel.agent import Agent
from apps.hosts.models import Host
from tests.fakehost import FakeHost
from tests.places import FACTS

DIRECTORY = "/usr/jails/flavours"
RC_CONF = f"{DIRECTORY}/example/etc/rc.conf"


def entry(path: str, kind: str = "-", mode: str = "rw-r--r--", size_bytes: int = 10, flavour="example"):
    return {"flavour": flavour, "path": path, "kind": kind, "mode": mode, "size_bytes": size_bytes}


FILES = [
    entry("etc", "d", "rwxr-xr-x", 0),
    entry("etc/rc.conf"),
    entry("etc/rc.d", "d", "rwxr-xr-x", 0),
    entry("etc/rc.d/ezjail.flavour.example", mode="rwxr-xr-x"),
    entry("etc/big", size_bytes=65537),
    entry("etc/link", "l", "rwxrwxrwx", 0),
]


@pytest.fixture
def flavoured(host) -> Host:
    """A host with the example and an empty flavour of its own."""
    host.facts = FACTS | {"flavours": ["example", "web"], "flavour_files": FILES}
    host.save()
    return host


@pytest.fixture
def there(flavoured, monkeypatch) -> FakeHost:
    """What the host's agent gives."""
    fake = FakeHost()
    fake.files[RC_CONF] = b'sendmail_enable="NO"\n'
    monkeypatch.setattr("apps.jails.flavours.reading.agent_of", lambda _host: Agent(fake))
    return fake
