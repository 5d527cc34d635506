"""The agent's own script on this machine, with a starter where doas or sudo would stand."""

from __future__ import annotations

import pytest

from apps.freebsd.channel.local import LocalChannel
from tests.contract.suite import NAME, PACE, UFS, test_the_contract_holds  # noqa: F401  pytest finds it here
from tests.simulated import simulated_hosts

AGENT = "usr/local/libexec/jailpanel-agent"


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    with simulated_hosts(tmp_path_factory.mktemp("simulated"), [UFS], pace=PACE) as hosts:
        root = hosts.root(NAME)
        yield LocalChannel(("/usr/bin/env", f"JAILPANEL_ROOT={root}", f"{root}/{AGENT}"))
