"""A host's own address in a pool is kept by hand for it, from the wish on; a job that fails lets it go."""

from __future__ import annotations

from apps.hosts.models import Host
from apps.jobs.models import Job, JobState
from apps.network.interfaces.plans import KIND
from apps.network.interfaces.rules import IpInterface, note_of
from apps.network.models import HeldAddress, address_key
from apps.network.pools.holding import announce, insert
from apps.network.pools.queries import pool_of


def hold_for(host: Host, interface: str, address: IpInterface, job: Job) -> None:
    """Keep an address of a pool for the host itself, so that no jail is given it.

    Raises:
        Conflict: Someone took it at the same moment.
    """
    text = str(address.ip)
    pool = pool_of(host, text)
    if pool is None or text == pool.gateway or pool.held.filter(key=address_key(text)).exists():
        return
    note = note_of(host, interface)
    insert(HeldAddress(pool=pool, address=text, key=address_key(text), host=host, note=note, job_id=job.pk))


def job_ended(job: Job) -> None:
    """Let go of what a job was to add and did not. Called in the transaction that ends the job."""
    if job.kind != KIND:
        return
    rows = HeldAddress.objects.filter(job_id=job.pk, jail="")
    if job.state == JobState.SUCCEEDED:
        rows.update(job_id=None)
    elif rows.delete()[0]:
        announce()
