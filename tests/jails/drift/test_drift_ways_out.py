"""The two ways out: exact steps that make a jail as it is wanted, or agreement to what was seen."""

from __future__ import annotations

import pytest

from apps.accounts.actor import PANEL
from apps.audit.models import AuditEvent
from apps.freebsd.commands import FileChange
from apps.freebsd.errors import Conflict, NotAllowed
from apps.hosts.models import HostState
from apps.jails.drift import services
from apps.jails.drift.compare import differences
from apps.jails.drift.plans import apply_plan
from apps.jails.models import Jail
from apps.jails.services import Agreed, jail_start_request
from apps.jobs.models import Job, JobState
from apps.jobs.ports import job_kind
from tests.freebsd.probes import ROOTS, out
from tests.jails.conftest import NONE_RUNNING
from tests.jails.drift.conftest import SIX, drifts, jail, make_begun_job
from tests.jails.drift.test_drift_seen import FILE_GONE, FSTAB, NORUN, end

FIB = SIX.replace('fib=""', 'fib="1"')
FIB_AND_IP = FIB.replace("10.0.0.7/24", "10.0.0.9/24")


@pytest.fixture(autouse=True)
def online(host):
    host.state = HostState.ONLINE
    host.save()


def steps(fields=None) -> list[str]:
    plan = apply_plan(jail(), list(differences(jail())) if fields is None else fields)
    return [step.path if isinstance(step, FileChange) else " ".join(step.argv[1:]) for step in plan.commands]


def change(number: int = 0, fields=None) -> FileChange:
    step = apply_plan(jail(), list(differences(jail())) if fields is None else fields).commands[number]
    assert isinstance(step, FileChange)
    return step


# -- apply wanted -------------------------------------------------------------------------------------

STEPS = {
    "file": ({"_file_six": out(FIB)}, ["/usr/local/etc/ezjail/six"]),
    "fstab": ({"_fstab_six": out(FSTAB)}, ["/etc/fstab.six"]),
    "norun": (NORUN, ["config -r run six"]),
    "stopped": ({"jails": NONE_RUNNING}, ["onestart six"]),
    "norun and stopped": (NORUN | {"jails": NONE_RUNNING}, ["config -r run six", "onestart six"]),
    "file and norun": (
        NORUN | {"_file_six.norun": out(FIB)},
        ["/usr/local/etc/ezjail/six.norun", "config -r run six"],
    ),
}


@pytest.mark.parametrize("what", STEPS)
def test_each_change_by_hand_has_its_steps_back(look, what):
    changed, expected = STEPS[what]
    look()
    look(**changed)
    assert steps() == expected


def test_a_jail_that_is_to_be_norun_is_started_and_stopped_while_it_may_run(look):
    look(**NORUN, jails=NONE_RUNNING)
    look()
    assert steps() == ["onestop six", "config -r norun six"]
    assert steps(["running"]) == ["onestop six"]


def test_a_norun_jail_that_was_started_by_hand_is_stopped_all_the_same(look):
    look(**NORUN, jails=NONE_RUNNING)
    look(**NORUN)
    assert steps() == ["config -r run six", "onestop six", "config -r norun six"]


def test_the_file_is_written_only_if_it_still_is_what_was_seen(look):
    look()
    look(_file_six=out(FIB))
    assert (change().before, change().after) == (FIB, SIX)


def test_one_variable_is_taken_back_alone(look):
    look()
    look(_file_six=out(FIB_AND_IP))
    assert (change(fields=["ip"]).before, change(fields=["ip"]).after) == (FIB_AND_IP, FIB)


def test_a_variable_that_was_added_goes_alone(look):
    look()
    look(_file_six=out(FIB + 'export jail_six_sysvipc_allow="YES"\n'))
    assert change(fields=["sysvipc_allow"]).after == FIB


def test_a_running_jail_needs_a_restart_for_its_file_to_count(look):
    look()
    look(_file_six=out(FIB))
    assert "Restart it afterwards" in apply_plan(jail(), ["fib"]).warnings[0]
    look(_file_six=out(FIB), jails=NONE_RUNNING)
    assert apply_plan(jail(), ["fib"]).warnings == ()


def test_a_missing_file_is_written_again_with_its_fstab(look):
    look(_fstab_six=out(FSTAB))
    look(**FILE_GONE, jails=NONE_RUNNING)
    assert steps() == ["/usr/local/etc/ezjail/six", "/etc/fstab.six"]
    assert (change().before, change().after, change(1).after) == (None, SIX, FSTAB)


def test_a_missing_file_that_was_norun_is_written_as_norun(look):
    look(**NORUN)
    look(**FILE_GONE)
    assert steps() == ["/usr/local/etc/ezjail/six.norun"]


def test_no_file_is_written_for_a_root_that_is_gone_too(look):
    look()
    look(**FILE_GONE, jails=NONE_RUNNING, jail__roots=out(ROOTS.replace("d six\n", "")))
    with pytest.raises(Conflict, match="gone too"):
        apply_plan(jail(), ["missing"])


def test_a_root_that_is_missing_cannot_be_brought_back(look):
    look()
    look(jail__roots=out(ROOTS.replace("jails/six yes", "jails/six no")))
    with pytest.raises(Conflict, match="restore the jail"):
        apply_plan(jail(), ["root"])


def test_bytes_that_are_no_text_are_not_written(look):
    look()
    look(_file_six=out(SIX + "# \N{REPLACEMENT CHARACTER}\n"))
    with pytest.raises(Conflict, match="no text"):
        apply_plan(jail(), ["file"])


def test_nothing_to_do_is_said(look):
    look()
    with pytest.raises(Conflict, match="nothing to do"):
        apply_plan(jail(), ["fib"])


def ask(fields, **agreed) -> Job:
    return services.apply_request(actor=PANEL, jail=jail(), fields=fields, agreed=Agreed(**agreed))


def test_it_is_a_job_that_is_recorded_and_proved(host, look):
    look()
    look(_file_six=out(FIB))
    job = ask(["fib", "nothing"])
    assert (job.kind, job.subject, job.intent) == ("jails.apply_wanted", "six", {"fields": ["fib"]})
    assert AuditEvent.objects.get(job_id=job.pk).action == "jail.apply_wanted_requested"
    verify = job_kind(job.kind).verify
    assert verify(job) == ["Not as wanted so far: fib."]
    look()
    assert verify(job) == []


def test_what_was_shown_is_what_runs(look):
    look()
    look(_file_six=out(FIB))
    with pytest.raises(Conflict, match="changed since"):
        ask(["fib"], plan_hash="0" * 64)


def test_its_success_agrees_to_nothing_else(host, look):
    look()
    look(_file_six=out(FIB_AND_IP))
    job = make_begun_job(host, "jails.apply_wanted", "six", fields=["ip"])
    look(_file_six=out(FIB))
    end(job, JobState.SUCCEEDED)
    assert drifts() == {"fib": ("", "1")}
    assert jail().wanted["file"] == SIX


def test_it_is_tried_again_against_what_is_true_then(look):
    look()
    look(_file_six=out(FIB_AND_IP))
    job = ask(["fib", "ip"])
    Job.objects.update(state=JobState.FAILED)
    look(_file_six=out(FIB))
    again = job_kind(job.kind).again
    assert again is not None
    plan = again.replan(job)
    assert [step.after for step in plan.commands] == [SIX]
    assert again.ask(job, PANEL, plan.hash, "key").origin == job


# -- adopt observed -----------------------------------------------------------------------------------


def adopt(*fields: str, shown: str = "") -> list[str]:
    return services.adopt(actor=PANEL, jail=jail(), fields=fields, shown=shown)


def test_what_was_seen_is_wanted_from_then_on_and_recorded(look):
    changed = NORUN | {"_file_six.norun": out(FIB), "_fstab_six": out(FSTAB), "jails": NONE_RUNNING}
    look()
    look(**changed)
    assert adopt(*drifts()) == ["fib", "fstab", "running", "runs_at_boot"]
    assert drifts() == {}
    event = AuditEvent.objects.get(action="jail.drift_adopted")
    assert event.detail["before"] == {"fib": "", "fstab": "", "running": "yes", "runs_at_boot": "yes"}
    assert event.detail["after"] == {"fib": "1", "fstab": FSTAB, "running": "no", "runs_at_boot": "no"}
    look(**changed)
    assert drifts() == {}
    assert not Job.objects.exists()


def test_one_variable_is_adopted_alone_and_the_others_keep_their_time(look):
    look()
    look(_file_six=out(FIB_AND_IP))
    since = jail().drifts.get(field="ip").first_seen_at
    assert adopt("fib") == ["fib"]
    assert list(drifts()) == ["ip"]
    assert jail().drifts.get().first_seen_at == since
    assert jail().wanted["file"] == FIB


def test_a_value_that_the_shell_computes_is_adopted_with_the_whole_file_alone(look):
    look()
    look(_file_six=out(FIB_AND_IP.replace('fib="1"', 'fib="$(id -u)"')))
    with pytest.raises(Conflict, match="alone"):
        adopt("fib")
    assert adopt("fib", "ip") == ["fib", "ip"]


def test_a_missing_root_can_be_agreed_to(look):
    gone = {"jail__roots": out(ROOTS.replace("jails/six yes", "jails/six no"))}
    look()
    look(**gone)
    adopt("root")
    look(**gone)
    assert drifts() == {}


def test_a_jail_whose_file_is_gone_is_forgotten(look):
    look()
    look(**FILE_GONE)
    assert adopt("missing") == ["missing"]
    assert not Jail.objects.filter(safe_name="six").exists()
    assert AuditEvent.objects.get(action="jail.forgotten").object_name == "six"


def test_only_what_was_shown_is_agreed_to(look):
    look()
    look(_file_six=out(FIB))
    shown = services.seen_hash(differences(jail()))
    look(_file_six=out(FIB_AND_IP))
    with pytest.raises(Conflict, match="changed since"):
        adopt("fib", "ip", shown=shown)


def test_nothing_is_adopted_while_a_job_runs_or_where_nothing_differs(host, look):
    look()
    with pytest.raises(Conflict, match="nothing to adopt"):
        adopt("fib")
    look(_file_six=out(FIB))
    make_begun_job(host, "jails.stop", "six")
    with pytest.raises(Conflict, match="runs"):
        adopt("fib")


def test_who_may_not_change_jails_can_do_neither(look, operator):
    look()
    look(_file_six=out(FIB))
    actor = operator.actor
    with pytest.raises(NotAllowed):
        services.adopt(actor=actor, jail=jail(), fields=["fib"])
    with pytest.raises(NotAllowed):
        services.apply_request(actor=actor, jail=jail(), fields=["fib"], agreed=Agreed())


def test_nothing_is_asked_of_a_jail_whose_file_is_gone(look):
    look()
    look(**FILE_GONE, jails=NONE_RUNNING)
    with pytest.raises(Conflict, match="Drift"):
        jail_start_request(actor=PANEL, jail=jail(), agreed=Agreed())
