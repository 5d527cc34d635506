from __future__ import annotations

import pytest
from django.urls import reverse

from apps.hosts.models import Host
from apps.jails.ezjail.situation import Situation
from tests.jails.ezjail.situations import facts


@pytest.fixture
def on(host):
    """Put the host into a state, and give its row."""

    def put(seen: Situation) -> Host:
        Host.objects.filter(pk=host.pk).update(facts=facts(seen))
        return Host.objects.get(pk=host.pk)

    return put


@pytest.fixture
def browser(owner, host):
    """The owner's browser on the host's ezjail pages."""

    class Browser:
        client = owner.client

        def url(self, name: str, **query: str) -> str:
            return reverse(f"jails:{name}", args=[host.pk], query=query)

        def get(self, name: str, **query: str):
            return self.client.get(self.url(name, **query))

        def post(self, name: str, data: dict[str, str], **query: str):
            return self.client.post(self.url(name, **query), data)

    return Browser()
