"""Having a release's MANIFEST read before someone opens the form for a host that has no basejail yet."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from django.db import transaction

from apps.freebsd.errors import InvalidInput, PanelError
from apps.freebsd.parsers.facts import HostFacts
from apps.freebsd.values import Release
from apps.hosts.models import Host
from apps.updates.manifests import manifest_want


def want_manifest(host: Host, facts: HostFacts) -> bool:  # noqa: ARG001  every observer is told the host
    """Send for the MANIFEST of a host's own release, once what the probe saw is stored.

    Returns:
        False: nothing that people see has changed.
    """
    if facts.ezjail.installed and not facts.basejail.complete:
        with suppress(InvalidInput):
            transaction.on_commit(partial(_want, Release.parse(facts.release), facts.machine))
    return False


def _want(release: Release, machine: str) -> None:
    with suppress(PanelError):
        manifest_want(release, machine)
