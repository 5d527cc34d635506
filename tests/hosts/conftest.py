from __future__ import annotations

import pytest

from apps.freebsd.channel.agent import Agent
from apps.hosts.models import Host
from tests.fakehost import FakeHost
from tests.freebsd.probes import envelope, whole_probe


class ProbedHost(FakeHost):
    """A host in memory that can be looked at."""

    def says(self, **changed) -> None:
        """Answer looks with the captured host's probe, with some sections changed."""
        self.facts = envelope(whole_probe(**changed), nonce="NONCE")


@pytest.fixture
def fake_host(monkeypatch) -> ProbedHost:
    """What stands behind every host's row, in place of a line to it."""
    fake = ProbedHost()
    fake.says()
    monkeypatch.setattr("apps.hosts.probe.agent_of", lambda _host: Agent(fake))
    return fake


@pytest.fixture
def row(host):
    """Give the host's row as it is now."""
    return lambda: Host.objects.select_related("basejail").get(pk=host.pk)
