"""What a form carries so that what was shown is what runs, once."""

from __future__ import annotations

from django.utils.crypto import get_random_string

from apps.accounts.middleware import PanelRequest
from apps.jails.services import Agreed


def agreed(request: PanelRequest) -> Agreed:
    """Return what the person saw when they pressed the button."""
    return Agreed(request.POST.get("plan_hash", "")[:64], request.POST.get("idempotency_key", "")[:64])


def fresh_key() -> str:
    """Return a key that names one wish, however often it is posted."""
    return get_random_string(32)
