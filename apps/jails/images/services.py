"""Asking for the image of a jail to be attached, detached or checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict
from apps.hosts.models import Host
from apps.hosts.services import host_lock
from apps.jails.changes import intent_of, subject_of
from apps.jails.images import plans
from apps.jails.models import Jail
from apps.jails.services import Agreed, queue_plan
from apps.jobs.models import Job
from apps.jobs.plan import Plan


@dataclass(frozen=True, slots=True)
class ImageChange:
    """Something that is done to the image of a jail.

    Args:
        verb: Its word, as in addresses.
        label: The word on its button.
        plan: The commands.
        action: What the record calls the asking.
        wants_attached: Whether the image has to be attached before.
    """

    verb: str
    label: str
    plan: Callable[[Jail], Plan]
    action: str
    wants_attached: bool

    @property
    def kind(self) -> str:
        """The kind of job that it makes."""
        return f"jails.image_{self.verb}"

    def why_not(self, jail: Jail) -> str:
        """Say why it cannot be done now; empty when it can."""
        if jail.kind not in plans.IMAGES:
            return "The jail is not kept in an image."
        if jail.is_running:
            return "Stop the jail first."
        attached = is_attached(jail)
        if attached is None or attached == self.wants_attached:
            return ""
        return "It is attached already." if attached else "It is not attached."


CHANGES = {
    change.verb: change
    for change in (
        ImageChange(
            "attach", "Attach", plans.attach_plan, "jail.image_attach_requested", wants_attached=False
        ),
        ImageChange(
            "detach", "Detach", plans.detach_plan, "jail.image_detach_requested", wants_attached=True
        ),
        ImageChange("fsck", "Check", plans.fsck_plan, "jail.image_fsck_requested", wants_attached=False),
    )
}
PERM = Perm.JAIL_START


def is_attached(jail: Jail) -> bool | None:
    """Tell whether a jail's image was attached and mounted when its host was last seen.

    Returns:
        None when the host could not say.
    """
    return mounted_at(jail.host, jail.root)


def mounted_at(host: Host, root: str) -> bool | None:
    """Tell whether a memory disc is mounted at a root; None when the host could not say."""
    found = host.facts.get("filesystems")
    if found is None:
        return None
    return any(
        item.get("mounted_on") == root and str(item.get("device")).startswith("/dev/md") for item in found
    )


def image_request(*, actor: Actor, jail: Jail, change: ImageChange, agreed: Agreed) -> Job:
    """Ask for something to be done to a jail's image.

    Raises:
        NotAllowed: The actor may not.
        Conflict: It is not in the state for it, its host is away, a job for it is open, or the plan is
            another than was shown.
    """
    actor.require(PERM, jail.host_id)
    with transaction.atomic():
        host_lock(jail.host)
        row = Jail.objects.select_related("host").filter(pk=jail.pk).first()
        if row is None:
            raise Conflict(f"The jail {jail.name} is not there any more.")
        if not agreed.idempotency_key and (why_not := change.why_not(row)):
            raise Conflict(why_not)
        return queue_plan(
            actor,
            row.host,
            change.plan(row),
            subject=subject_of(row),
            action=change.action,
            safe_name=row.safe_name,
            intent=intent_of(row),
            agreed=agreed,
        )
