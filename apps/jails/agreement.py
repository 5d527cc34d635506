"""What a form carries so that what was shown is what runs, once."""

from __future__ import annotations

from django.utils.crypto import get_random_string

from apps.accounts.middleware import PanelRequest
from apps.jails.services import Agreed


def agreed(request: PanelRequest) -> Agreed:
    """Return what the person saw when they pressed the button."""
    return Agreed(_word(request, "plan_hash"), _word(request, "idempotency_key"))


def _word(request: PanelRequest, name: str) -> str:
    """Return what a hidden field carries, as no more than a database can look up: PostgreSQL takes no NUL."""
    return request.POST.get(name, "")[:64].replace("\0", "?")


def fresh_key() -> str:
    """Return a key that names one wish, however often it is posted."""
    return get_random_string(32)
