"""What other rooms may want to note down about accounts."""

from __future__ import annotations

from django.dispatch import Signal

# Sent inside the transaction that makes the account; arguments: user, actor, role.
account_created = Signal()
