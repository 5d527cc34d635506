"""What proves a change of a flavour, and how it is asked for again."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import Conflict
from apps.freebsd.values import FlavourName
from apps.freebsd.values.flavour_path import FlavourPath
from apps.jails.flavours import plans
from apps.jobs.models import Job
from apps.jobs.ports import again, job_kind
from tests.jails.flavours.conftest import DIRECTORY
from tests.jobs.conftest import make_job

NAME, PATH = FlavourName.parse("example"), FlavourPath.parse("etc/rc.conf")


def job_of(host, plan, **intent) -> Job:
    job = make_job(host)
    Job.objects.filter(pk=job.pk).update(kind=plan.kind, plan=plan.to_json(), intent=intent)
    return Job.objects.get(pk=job.pk)


def write(host, after: str) -> Job:
    plan = plans.write_plan(DIRECTORY, NAME, PATH, "", after)
    return job_of(host, plan, do="write", flavour="example", path="etc/rc.conf")


@pytest.mark.parametrize(("after", "proven"), [("ten bytes\n", True), ("more than ten bytes\n", False)])
def test_a_written_file_has_the_length_of_its_text(flavoured, after, proven):
    assert (job_kind(plans.EDIT).verify(write(flavoured, after)) == []) == proven


@pytest.mark.parametrize(("path", "proven"), [("etc/rc.conf", False), ("etc/none", True)])
def test_a_removed_file_is_gone(flavoured, path, proven):
    plan = plans.remove_plan(DIRECTORY, NAME, FlavourPath.parse(path))
    job = job_of(flavoured, plan, do="remove", flavour="example", path=path)
    assert (job_kind(plans.EDIT).verify(job) == []) == proven


@pytest.mark.parametrize(("executable", "proven"), [(True, False), (False, True)])
def test_a_mode_is_looked_at(flavoured, executable, proven):
    plan = plans.mode_plan(DIRECTORY, NAME, PATH, executable=executable)
    job = job_of(flavoured, plan, do="mode", flavour="example", path="etc/rc.conf", executable=executable)
    assert (job_kind(plans.EDIT).verify(job) == []) == proven


@pytest.mark.parametrize(("name", "there"), [("example", True), ("none", False)])
def test_a_new_flavour_is_there_and_a_deleted_one_is_not(flavoured, name, there):
    made = job_of(flavoured, plans.new_plan(DIRECTORY, FlavourName(name)), flavour=name, source="empty")
    gone = job_of(flavoured, plans.delete_plan(DIRECTORY, FlavourName(name), is_default=False), flavour=name)
    assert (job_kind(plans.NEW).verify(made) == []) == there
    assert (job_kind(plans.DELETE).verify(gone) == []) != there


def test_saving_again_needs_another_look(flavoured):
    with pytest.raises(Conflict, match="save it again"):
        again(plans.EDIT).replan(write(flavoured, "x"))


def test_removing_again_is_planned_while_the_file_is_there(flavoured):
    plan = plans.remove_plan(DIRECTORY, NAME, PATH)
    job = job_of(flavoured, plan, do="remove", flavour="example", path="etc/rc.conf")
    assert again(plans.EDIT).replan(job) == plan


@pytest.mark.parametrize(("name", "page"), [("example", "/flavour/example/"), ("none", "/flavours/")])
def test_a_job_leads_to_the_flavour_while_it_is_there(owner, flavoured, name, page):
    job = job_of(flavoured, plans.new_plan(DIRECTORY, FlavourName(name)), flavour=name, source="empty")
    (link,) = job_kind(plans.NEW).next_links(job, owner.actor)
    assert link.url.endswith(page)
