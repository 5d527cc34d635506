"""The agent's own script as a forced command of OpenSSH's server, as on a real host."""

from __future__ import annotations

import pytest

from apps.freebsd.channel import loop
from apps.freebsd.channel.ssh import SshChannel
from tests.contract.suite import NAME, OLDER, PACE, test_the_contract_holds  # noqa: F401  pytest finds it here
from tests.simulated import simulated_hosts
from tests.sshd import running_sshd

AGENT = "usr/local/libexec/jailpanel-agent"


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openssh")
    with simulated_hosts(folder / "simulated", [OLDER], pace=PACE) as hosts:
        root = hosts.root(NAME)
        with running_sshd(folder, f"/usr/bin/env JAILPANEL_ROOT={root} {root}/{AGENT}") as sshd:
            channel = SshChannel(sshd.target())
            yield channel
            loop.run(channel.close())
