from __future__ import annotations

import pytest

from apps.freebsd.parsers.facts import HostFacts, parse_facts
from apps.hosts.models import Host
from apps.jails.observing import observe
from tests.freebsd.probes import out, whole_probe


@pytest.fixture
def seen(host):
    """Store a probe of the captured host, with some sections changed; say whether anything changed."""

    def store(*, on: Host = host, **changed) -> bool:
        return observe(on, facts(**changed))

    return store


def facts(**changed) -> HostFacts:
    return parse_facts(whole_probe(**changed))


NONE_RUNNING = out('{"jail-information": {"jail": []}}')
