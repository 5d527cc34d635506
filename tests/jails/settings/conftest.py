"""A jail with a file as ezjail writes it."""

from __future__ import annotations

import pytest

from apps.jails.models import Jail
from tests.jails.settings.posts import FILE, FSTAB
from tests.places import make_basejail, make_jail


@pytest.fixture
def jail(host) -> Jail:
    """The jail test, which does not run."""
    make_basejail(host)
    return make_jail(host, "test", config_text=FILE, fstab_text=FSTAB)
