"""How the panel reaches a host: always by its database row, never by what someone typed."""

from __future__ import annotations

from collections.abc import Coroutine
from uuid import UUID

from apps.freebsd.channel import Channel
from apps.freebsd.channel.agent import Agent
from apps.freebsd.channel.confirm import confirm_and_close
from apps.freebsd.channel.local import LocalChannel
from apps.freebsd.channel.pool import shared_pool
from apps.freebsd.channel.ssh import SshChannel, SshTarget
from apps.freebsd.errors import HostKeyChanged, HostUnreachable
from apps.hosts.models import KEY_IN_DOUBT, ChannelKind, Host, HostState
from apps.hosts.panel_key import private_key_path

AGENT_PATH = "/usr/local/libexec/jailpanel-agent"
# How long a connection that is to prove that the host can be reached may take.
FRESH_CONNECT_S = 5.0

_LOCAL_PREFIX: dict[str, tuple[str, ...]] = {
    ChannelKind.DOAS: ("doas", "-n", AGENT_PATH),
    ChannelKind.SUDO: ("sudo", "-n", AGENT_PATH),
}


def agent_of(host: Host) -> Agent:
    """Return a host's agent over this process's kept connection.

    Raises:
        HostKeyChanged: The host showed another key than the pinned one.
        HostUnreachable: Nobody has confirmed the host's key yet.
    """
    return Agent(_channel(host))


def _channel(host: Host) -> Channel:
    if host.is_local:
        return LocalChannel(_LOCAL_PREFIX[host.channel])
    if host.state == HostState.KEY_CHANGED:
        raise HostKeyChanged(host.state_reason, host.offered_key)
    if host.state in KEY_IN_DOUBT or not host.host_key:
        raise HostUnreachable("Nobody has confirmed this host's key yet. Compare it on the host's page.")
    return shared_pool().channel(ssh_target(host))


def fresh_channel(host: Host) -> Channel:
    """Return a way to a host that shares no connection with anything; whoever takes it closes it.

    Raises:
        PanelError: As `agent_of`.
    """
    kept = _channel(host)
    return SshChannel(kept.target, FRESH_CONNECT_S) if isinstance(kept, SshChannel) else kept


def ssh_target(host: Host) -> SshTarget:
    """Return where and as whom the host is reached, with its pinned key."""
    return SshTarget(host.address, host.port, host.user, host.host_key or None, private_key_path())


class PanelHostGateway:
    """The engine's way to hosts (apps.jobs.ports.HostGateway)."""

    def agent(self, host_id: UUID) -> Agent:
        """Return the host's agent."""
        return agent_of(Host.objects.get(pk=host_id))

    def confirm(self, host_id: UUID, run_id: str, user: str, job: str) -> Coroutine[object, object, None]:
        """Tell a run that waits for it that the panel reaches its host, over a fresh connection."""
        return confirm_and_close(fresh_channel(Host.objects.get(pk=host_id)), run_id, user, job)

    def observe(self, host_id: UUID) -> None:
        """Probe the host and store what is true now."""
        from apps.hosts.probe import probe_host  # noqa: PLC0415  the probe uses this module

        probe_host(host_id)
