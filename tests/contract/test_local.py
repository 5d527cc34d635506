"""The agent's own script on this machine, with a starter where doas or sudo would stand."""

from __future__ import annotations

import pytest

from apps.freebsd.channel.local import LocalChannel
from tests.contract.cases import CASES, title
from tests.contract.suite import NAME, PACE, UFS, holds
from tests.simulated import simulated_hosts

AGENT = "usr/local/libexec/jailpanel-agent"


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    with simulated_hosts(tmp_path_factory.mktemp("simulated"), [UFS], pace=PACE) as hosts:
        root = hosts.root(NAME)
        yield LocalChannel(("/usr/bin/env", f"JAILPANEL_ROOT={root}", f"{root}/{AGENT}"))


# What jails do is the same script's work; what is asked here is whether requests reach it whole.
@pytest.mark.host
@pytest.mark.parametrize("case", [case for case in CASES if "jail" not in title(case)], ids=title)
def test_the_contract_holds(channel, case) -> None:
    holds(channel, case)
