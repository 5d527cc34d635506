"""A rule set for all tests of this folder."""

from __future__ import annotations

import pytest

from apps.hosts.models import Host
from apps.network.models import RuleSet
from tests.network.rulesets.places import furnish, make_rule_set


@pytest.fixture
def rule_set(host: Host) -> RuleSet:
    """The recommended set of a furnished host."""
    furnish(host)
    return make_rule_set(host)
