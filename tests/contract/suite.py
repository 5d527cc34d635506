"""The contract as a test: a module that imports it and has a `channel` holds what is behind that to it."""

from __future__ import annotations

import pytest

from apps.freebsd.channel import loop
from apps.simulator.spec import HostSpec
from tests.contract.cases import CASES, Case, title
from tests.contract.conduct import conduct, table
from tests.contract.trial import Trial

# Slow enough that an installation has a middle in which it can be cancelled.
PACE = 0.02
NAME = "alpha"
UFS = HostSpec(NAME)
OLDER = HostSpec(NAME, release="13.2-RELEASE")
ZFS_CONF = 'ezjail_use_zfs="YES"\nezjail_use_zfs_for_jails="YES"\nezjail_jailzfs="zroot/ezjail"\n'
ZFS = HostSpec(NAME, pool="zroot", ezjail_conf=ZFS_CONF)


@pytest.mark.host
@pytest.mark.parametrize("case", CASES, ids=title)
def test_the_contract_holds(channel, case: Case) -> None:
    holds(channel, case)


def holds(channel, case: Case) -> None:
    """Hold what is behind a channel to one case."""
    trial = Trial(channel)
    loop.run(conduct(trial, case), timeout_s=120)
    assert trial.rows
    assert not trial.differences, "\n".join(table(trial.differences))
