"""The simulator's shortcut, which answers for hundreds of hosts at once without processes."""

from __future__ import annotations

import pytest

from apps.freebsd.channel import loop
from apps.freebsd.channel.ssh import SshChannel
from tests.contract.suite import NAME, PACE, ZFS, test_the_contract_holds  # noqa: F401  pytest finds it here
from tests.simulated import simulated_hosts


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    with simulated_hosts(tmp_path_factory.mktemp("simulated"), [ZFS], pace=PACE, in_process=True) as hosts:
        channel = SshChannel(hosts.target(NAME))
        yield channel
        loop.run(channel.close())
