"""How each kind of job of this room is tried again: its wish, planned against what is true by now.

Everything goes through the same services as the first time, so that rules, permission and open jobs count.
A sentence says when there is nothing left to do.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict
from apps.freebsd.values import FlavourName, JailAddresses, JailName
from apps.hosts.models import Host
from apps.jails import plans, remains, services
from apps.jails.archives.services import Wish, jail_wish_request
from apps.jails.basejail.services import basejail_install_request, basejail_plan, wish_of
from apps.jails.holding import let_go
from apps.jails.keeping.services import delete_wish
from apps.jails.models import Jail
from apps.jails.new_options import NewJailOptions
from apps.jails.services import Agreed, NewJail
from apps.jobs.models import OPEN_STATES, Job
from apps.jobs.plan import Plan
from apps.jobs.ports import Again, job_kind


def _done(job: Job, sentence: str) -> None:
    """Stop here when the job's wish is true already.

    Raises:
        Conflict: It is, as the sentence says.
    """
    if not job_kind(job.kind).verify(job):
        raise Conflict(f"{sentence}: there is nothing left to do.")


# -- a jail that is there ---------------------------------------------------------------------------------


def _jail(job: Job) -> Jail:
    jail = Jail.objects.select_related("host").filter(host_id=job.host_id, safe_name=job.subject).first()
    if jail is None:
        raise Conflict(
            f"There is no jail {job.subject} on {job.host.name}: it was never made, or it is gone by now."
        )
    if jail.observed_at is None:
        raise Conflict(f"The jail {jail.name} was asked for, and has not been made so far.")
    if left := [found for found in remains.job_findings(job) if found.key.startswith("norun-")]:
        raise Conflict(f"{left[0].sentence} Mend that first.")
    return jail


def _start_again(job: Job) -> Plan:
    jail = _jail(job)
    _done(job, f"{jail.name} runs")
    return plans.start_plan(jail)


def _stop_again(job: Job) -> Plan:
    jail = _jail(job)
    _done(job, f"{jail.name} does not run")
    return plans.stop_plan(jail)


def _restart_again(job: Job) -> Plan:
    jail = _jail(job)
    _done(job, f"{jail.name} runs, and not as the jail that it was before")
    return plans.restart_plan(jail)


def _delete_again(job: Job) -> Plan:
    _done(job, f"The jail {job.subject} is gone")
    if wish := _kept_wish(job):
        return wish.plan(_jail(job))
    return plans.delete_plan(_jail(job), wipe=_wipe(job))


def _kept_wish(job: Job) -> Wish | None:
    """Return the wish of a job that was to keep what it deletes."""
    if not job.intent.get("place"):
        return None
    return delete_wish(_jail(job), job.intent["at"], int(job.intent["days"]))


def _wipe(job: Job) -> bool:
    return bool(job.intent.get("wipe"))


def _ask_change(service: Callable[..., Job]) -> Callable[[Job, Actor, str, str], Job]:
    def ask(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
        return service(actor=actor, jail=_jail(job), agreed=Agreed(plan_hash, key, job))

    return ask


def _ask_delete(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    jail = _jail(job)
    agreed = Agreed(plan_hash, key, job)
    if wish := _kept_wish(job):
        return jail_wish_request(actor=actor, jail=jail, wish=wish, agreed=agreed)
    return services.jail_delete_request(
        actor=actor, jail=jail, wipe=_wipe(job), typed_name=jail.name, agreed=agreed
    )


def _name_to_type(job: Job) -> str:
    jail = Jail.objects.filter(host_id=job.host_id, safe_name=job.subject).only("name").first()
    return jail.name if jail else job.subject


# -- a new jail -------------------------------------------------------------------------------------------


def _create_again(job: Job) -> Plan:
    wanted = _wanted(job)
    _done(job, f"The jail {wanted.name} is there as it was asked for")
    _refuse_remains(job, wanted)
    services.check_new_jail(job.host, wanted, without=_never_made(job))
    return wanted.plan(job.host)


def _wanted(job: Job) -> NewJail:
    intent = job.intent
    return NewJail(
        JailName.parse(intent["name"]),
        JailAddresses.parse(intent["addresses"]),
        FlavourName.parse(intent["flavour"]) if intent["flavour"] else None,
        intent["public_first_reason"],
        NewJailOptions.from_json(intent.get("options") or {}),
    )


def _refuse_remains(job: Job, wanted: NewJail) -> None:
    """Refuse what ezjail itself would refuse, or build on without a word: what is in the way already."""
    left = job.host.facts.get("leftovers", {})
    remains = [*left.get("roots", []), *left.get("datasets", [])]
    if found := [path for path in remains if path.rpartition("/")[2] == wanted.name.hostname]:
        raise Conflict(f"{found[0]} is in the way, left over on {job.host.name}. Mend or remove that first.")


def _never_made(job: Job) -> str:
    """Return the safe name of the job's jail when it was asked for, never seen, and nothing makes it now."""
    waiting = Jail.objects.filter(host_id=job.host_id, safe_name=job.subject, observed_at__isnull=True)
    is_open = Job.objects.filter(host_id=job.host_id, subject=job.subject, state__in=OPEN_STATES).exists()
    return job.subject if waiting.exists() and not is_open else ""


def _ask_create(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    agreed = Agreed(plan_hash, key, job)
    with transaction.atomic():
        if safe_name := _never_made(job):
            let_go(job.host_id, [safe_name])
            Jail.objects.filter(host_id=job.host_id, safe_name=safe_name).delete()
        return services.jail_create_request(actor=actor, host=job.host, wanted=_wanted(job), agreed=agreed)


# -- the basejail -----------------------------------------------------------------------------------------


def _install_again(job: Job) -> Plan:
    wish = wish_of(job.intent)
    _done(job, f"The basejail {wish.release.name} is there and complete")
    return basejail_plan(_with_basejail(job), wish)


def _with_basejail(job: Job) -> Host:
    return Host.objects.select_related("basejail").get(pk=job.host_id)


def _ask_install(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    agreed = Agreed(plan_hash, key, job)
    host = _with_basejail(job)
    return basejail_install_request(actor=actor, host=host, wish=wish_of(job.intent), agreed=agreed)


# -- what was to be mended --------------------------------------------------------------------------------


def _repair_again(job: Job) -> Plan:
    _, repair = remains.find(job.host, job.intent["finding"], job.intent["way"], job.origin or job)
    return repair.plan


def _ask_repair(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    return remains.repair_request(
        actor=actor,
        host=job.host,
        key=job.intent["finding"],
        way=job.intent["way"],
        origin=job,
        typed_name=job.intent["typed_name"],
        agreed=Agreed(plan_hash, key),
    )


def _name_of_repair(job: Job) -> str:
    return str(job.intent["typed_name"])


# Who may mend what, the service decides: it depends on the commands.
REPAIR = Again(Perm.JAIL_START, _repair_again, _ask_repair, _name_of_repair)
INSTALL = Again(Perm.BASEJAIL_INSTALL, _install_again, _ask_install)
CREATE = Again(Perm.JAIL_CREATE, _create_again, _ask_create)
START = Again(Perm.JAIL_START, _start_again, _ask_change(services.jail_start_request))
STOP = Again(Perm.JAIL_STOP, _stop_again, _ask_change(services.jail_stop_request))
RESTART = Again(Perm.JAIL_STOP, _restart_again, _ask_change(services.jail_restart_request))
DELETE = Again(Perm.JAIL_DELETE, _delete_again, _ask_delete, _name_to_type)
