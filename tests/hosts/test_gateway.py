"""How a host is reached: by its row alone, and not at all while its key is in doubt."""

from __future__ import annotations

import pytest

from apps.freebsd.channel import pool
from apps.freebsd.channel.local import LocalChannel
from apps.freebsd.channel.ssh import SshChannel
from apps.freebsd.errors import HostKeyChanged, HostUnreachable
from apps.hosts.gateway import AGENT_PATH, PanelHostGateway, agent_of, ssh_target
from apps.hosts.models import Host, HostState
from apps.hosts.panel_key import private_key_path
from tests.hosts.keys import FIRST, SECOND
from tests.places import make_host


@pytest.fixture(autouse=True)
def _own_pool(monkeypatch):
    monkeypatch.setattr(pool._Shared, "pool", pool.ChannelPool())


def test_a_host_is_reached_at_its_address_with_its_pinned_key(db):
    host = make_host("alpha", address="192.0.2.9", port=2222, user="_panel", host_key=FIRST)
    target = ssh_target(host)
    assert (target.address, target.port, target.user, target.host_key) == ("192.0.2.9", 2222, "_panel", FIRST)
    assert target.private_key_path == private_key_path()
    channel = agent_of(host)._channel
    assert isinstance(channel, SshChannel)
    assert channel.target == target


def test_one_line_to_a_host_is_kept_until_its_row_changes(host):
    assert agent_of(host)._channel is agent_of(Host.objects.get(pk=host.pk))._channel
    kept = agent_of(host)._channel
    host.host_key = SECOND
    assert agent_of(host)._channel is not kept


@pytest.mark.parametrize("channel", ["doas", "sudo"])
def test_the_panels_own_machine_is_reached_without_a_line(db, channel):
    host = make_host("panel", address="", channel=channel, host_key="")
    reached = agent_of(host)._channel
    assert isinstance(reached, LocalChannel)
    assert reached._prefix == (channel, "-n", AGENT_PATH)


def test_a_changed_key_stops_everything_to_that_host(host):
    host.state, host.state_reason, host.offered_key = HostState.KEY_CHANGED, "It shows another key.", SECOND
    host.save()
    with pytest.raises(HostKeyChanged, match=r"It shows another key\.") as stopped:
        PanelHostGateway().agent(host.pk)
    assert stopped.value.offered == SECOND


@pytest.mark.parametrize("state", [HostState.NEW, HostState.UNVERIFIED])
def test_a_host_whose_key_nobody_confirmed_is_not_reached(host, state):
    Host.objects.update(state=state, host_key="", offered_key=FIRST)
    with pytest.raises(HostUnreachable, match="Nobody has confirmed this host's key yet"):
        PanelHostGateway().agent(host.pk)


@pytest.mark.parametrize("state", [HostState.NEW, HostState.UNVERIFIED])
def test_a_key_that_was_confirmed_once_does_not_count_while_another_waits(host, state):
    Host.objects.update(state=state, host_key=FIRST, offered_key=SECOND)
    with pytest.raises(HostUnreachable, match="Nobody has confirmed this host's key yet"):
        PanelHostGateway().agent(host.pk)


def test_looking_at_a_host_goes_through_the_probe(host, fake_host, row):
    PanelHostGateway().observe(host.pk)
    assert row().facts["hostname"] == "fbsd13"
