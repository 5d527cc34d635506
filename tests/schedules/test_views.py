"""Pages of schedules: what they say, what they refuse at which field, what each may do."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Grant
from apps.accounts.permissions import Role
from apps.hosts.models import HostGroup
from apps.schedules.models import Schedule, Target
from apps.schedules.services import schedule_switch
from tests.answers import error_of, text, words
from tests.conftest import make_person
from tests.places import make_jail
from tests.schedules.conftest import make_schedule

pytestmark = pytest.mark.usefixtures("sent")
LIST, NEW = "/schedules/", "/schedules/new/"
FORM = {"name": "nightly", "kind": "hosts.probe", "target": "all", "every": "day", "clock": "03:00"}


@pytest.fixture
def manager(host):
    return make_person("manager", (Role.MANAGER, host))


def line_of(person, **fields: object) -> str:
    """The cron line that a form makes."""
    answer = person.client.post(NEW, FORM | {"name": f"n{Schedule.objects.count()}"} | fields)
    assert answer.status_code == 302, words(answer)
    return Schedule.objects.latest("created_at").line


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"every": "minutes", "minutes": "5"}, "*/5 * * * *"),
        ({"every": "hours", "hours": "6", "minute": "30"}, "30 */6 * * *"),
        ({"every": "day", "clock": "03:05"}, "5 3 * * *"),
        ({"every": "week", "clock": "03:05", "weekdays": ["0", "3"]}, "5 3 * * 0,3"),
        ({"every": "month", "clock": "00:00", "day": "31"}, "0 0 31 * *"),
        ({"every": "cron", "line": " 0  3 1-7 * MON "}, "0 3 1-7 * MON"),
    ],
)
def test_each_form_of_time_becomes_a_cron_line_and_is_shown_again(owner, fields, line):
    assert line_of(owner, **fields) == line
    page = text(owner.client.get(reverse("schedules:schedule-change", args=[Schedule.objects.get().pk])))
    assert re.search(rf'<option value="{fields["every"]}"\s+selected', page)


def test_fields_of_other_forms_may_hold_anything(owner):
    junk = {
        "minutes": "x",
        "hours": "-1",
        "minute": "99",
        "day": "99",
        "line": "never",
        "host": "x",
        "jail": "?",
    }
    assert line_of(owner, **junk) == "0 3 * * *"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\tb"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"kind": "rm"}, "kind"),
        ({"target": "moon"}, "target"),
        ({"target": "panel"}, "target"),
        ({"target": "host"}, "host"),
        ({"target": "host", "host": "00000000-0000-0000-0000-000000000000"}, "host"),
        ({"target": "group"}, "group"),
        ({"every": "yearly"}, "every"),
        ({"every": "minutes", "minutes": "7"}, "minutes"),
        ({"every": "hours", "hours": "6", "minute": "60"}, "minute"),
        ({"every": "day", "clock": "25:00"}, "clock"),
        ({"every": "day", "clock": ""}, "clock"),
        ({"every": "week"}, "weekdays"),
        ({"every": "week", "weekdays": "7"}, "weekdays"),
        ({"every": "month", "day": "32"}, "day"),
        ({"every": "cron", "line": "* * *"}, "line"),
        ({"every": "cron", "line": "0 3 31 2 *"}, "line"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(owner, fields, field):
    answer = owner.client.post(NEW, FORM | fields)
    assert answer.status_code == 422
    assert error_of(answer, f"id_{field}")
    assert 'value="03:00"' in text(answer) or "clock" in fields
    assert not Schedule.objects.exists()


def test_a_jail_is_found_by_its_name_on_that_host_only(owner, host, other_host):
    make_jail(host, "www.example.org", jid=3)
    on = {"kind": "jails.restart", "target": "jail", "host": host.pk, "jail": "www.example.org"}
    line_of(owner, **on)
    assert Schedule.objects.get().jail == "www_example_org"
    answer = owner.client.post(NEW, FORM | on | {"name": "other", "host": other_host.pk})
    assert error_of(answer, "id_jail") == "There is no jail www.example.org on omega."
    answer = owner.client.post(NEW, FORM | on | {"name": "other", "jail": "{{ 7*7 }}<b>"})
    assert "<b>" not in text(answer).partition("id_jail_error")[2][:200]


def test_the_form_offers_only_what_one_may_schedule(manager, host, other_host):
    HostGroup.objects.create(name="secret-group")
    page = text(manager.client.get(NEW))
    assert "secret-group" not in page
    assert host.name in page
    assert other_host.name not in page
    assert "Verify the record" not in page
    assert 'value="all"' not in page
    answer = manager.client.post(NEW, FORM | {"target": "host", "host": other_host.pk})
    assert error_of(answer, "id_host")


def test_a_right_that_lacks_on_that_host_is_said_at_the_field(host, other_host):
    mixed = make_person("mixed", (Role.MANAGER, host), (Role.VIEWER, other_host))
    Grant.objects.filter(user=mixed.user, host=host).update(role=Role.ADMIN)
    answer = mixed.client.post(NEW, FORM | {"kind": "audit.verify", "target": "panel"})
    assert answer.status_code == 422


def test_the_preview_shows_the_next_five_runs_and_complains_only_where_one_has_been(owner):
    answer = owner.client.post("/schedules/check/", FORM | {"name": "", "touched": ["clock"]})
    assert (answer.status_code, len(re.findall(r"03:00 UTC</div>", text(answer)))) == (200, 5)
    assert 'id="id_name_error"' not in text(answer)
    answer = owner.client.post(
        "/schedules/check/", FORM | {"clock": "x", "name": "", "touched": ["clock", "name"]}
    )
    assert error_of(answer, "id_clock")
    assert error_of(answer, "id_name")
    assert "The next five runs appear here" in words(answer)
    assert not Schedule.objects.exists()


def test_times_are_shown_in_the_panels_zone_which_the_form_names(owner, settings):
    settings.TIME_ZONE = "Asia/Kathmandu"
    with timezone.override("Asia/Kathmandu"):
        schedule = make_schedule(owner, line="30 3 * * *")
        shown = words(owner.client.get(schedule.get_absolute_url()))
        assert shown.count("03:30 +0545") == 5
        assert "Every day at 03:30 (Asia/Kathmandu)" in shown
        assert "All times are Asia/Kathmandu." in words(owner.client.get(NEW))


def test_the_list_says_what_on_what_when_and_what_came_of_it(owner, host):
    schedule = make_schedule(owner, target=Target.HOST, host=host, line="0 3 * * *")
    assert "nightly Probe alpha Every day at 03:00 (UTC) not yet" in words(owner.client.get(LIST))
    Schedule.objects.update(last_state="failed", last_message="No.", last_ended_at=timezone.now(), skips=3)
    shown = words(owner.client.get(LIST))
    assert "Failed just now No. 3 times in a row" in shown
    schedule_switch(actor=owner.actor, schedule=schedule, on=False)
    assert "switched off" in words(owner.client.get(LIST))


def test_a_run_that_is_at_work_and_one_that_was_asked_for_are_shown(owner):
    make_schedule(owner)
    Schedule.objects.update(running_since=timezone.now() - timedelta(seconds=5))
    assert "Running" in words(owner.client.get(LIST))
    Schedule.objects.update(running_since=None, asked_at=timezone.now())
    assert "now, asked just now" in words(owner.client.get(LIST))


def test_an_empty_list_suggests_what_helps_to_who_may_add_it(owner, viewer):
    page = text(owner.client.get(LIST))
    links = [html.unescape(link) for link in re.findall(r'href="(/schedules/new/\?[^"]+)"', page)]
    assert len(links) == 3
    for link in links:
        filled = text(owner.client.get(link))
        kind = parse_qs(urlsplit(link).query)["kind"][0]
        assert re.search(rf'<option value="{kind}"\s+selected', filled)
    assert "What is done again and again" in words(viewer.client.get(LIST))


def test_a_link_to_the_form_suggests_and_never_breaks_it(owner):
    for query in ("line=never", "host=x", "kind=rm", "name=" + "x" * 500, "target=%00", "line=0+3+*+*+1"):
        assert owner.client.get(f"{NEW}?{query}").status_code == 200, query


def test_who_may_only_see_it_gets_its_reason(viewer, owner, host):
    schedule = make_schedule(owner, target=Target.HOST, host=host)
    for url in (LIST, schedule.get_absolute_url()):
        page = text(viewer.client.get(url))
        assert "You may not change schedules here. An administrator can grant it." in page
        assert "schedule-change" not in page
        assert f"/schedules/{schedule.pk}/change/" not in page


def test_schedules_of_all_hosts_are_seen_by_who_sees_all_hosts(owner, viewer, host, other_host):
    make_schedule(owner, "everywhere")
    make_schedule(owner, "elsewhere", target=Target.HOST, host=other_host)
    make_schedule(owner, "here", target=Target.HOST, host=host)
    shown = words(viewer.client.get(LIST))
    assert "here" in shown
    assert "everywhere" not in shown
    assert "elsewhere" not in shown


def test_the_list_is_searched_and_narrowed(owner, host):
    make_schedule(owner, "here", target=Target.HOST, host=host)
    off = make_schedule(owner, "record", kind="audit.verify", target=Target.PANEL)
    schedule_switch(actor=owner.actor, schedule=off, on=False)
    for query, there, not_there in (
        ("q=alpha", "here", "record"),
        ("kind=audit.verify", "record", "here"),
        ("state=off", "record", "here"),
    ):
        page = text(owner.client.get(f"{LIST}?{query}"))
        assert f">{there}</a>" in page, query
        assert f">{not_there}</a>" not in page, query


def test_removing_asks_first_and_says_what_goes_on(owner):
    schedule = make_schedule(owner)
    url = reverse("schedules:schedule-remove", args=[schedule.pk])
    assert "Remove the schedule nightly" in words(owner.client.get(url))
    assert Schedule.objects.exists()
    assert "nightly was removed." in words(owner.client.post(url, follow=True))
    assert not Schedule.objects.exists()


def test_a_button_leads_back_to_where_it_was(owner):
    schedule = make_schedule(owner)
    url = reverse("schedules:schedule-run", args=[schedule.pk])
    assert owner.client.post(url, {"list": "1"}).headers["Location"] == LIST
    assert owner.client.post(url).headers["Location"] == schedule.get_absolute_url()


def test_a_host_and_a_jail_show_what_is_scheduled_for_them(owner, viewer, host, other_host):
    jail = make_jail(host, "web", jid=3)
    group = HostGroup.objects.create(name="live")
    type(host).objects.filter(pk=host.pk).update(group=group)
    make_schedule(owner, "of-all")
    make_schedule(owner, "of-group", target=Target.GROUP, group=group)
    make_schedule(owner, "of-host", kind="jails.stop", target=Target.HOST, host=host)
    make_schedule(owner, "of-jail", kind="jails.stop", target=Target.JAIL, host=host, jail="web")
    make_schedule(owner, "foreign", target=Target.HOST, host=other_host)
    shown = text(owner.client.get(host.get_absolute_url()))
    assert all(f">{name}</a>" in shown for name in ("of-all", "of-group", "of-host", "of-jail"))
    assert ">foreign</a>" not in shown
    shown = text(owner.client.get(jail.get_absolute_url()))
    assert ">of-host</a>" in shown
    assert ">of-jail</a>" in shown
    assert ">of-all</a>" not in shown
    assert ">of-all</a>" not in text(viewer.client.get(host.get_absolute_url()))


def test_the_link_of_a_jails_page_fills_in_the_form(owner, host):
    jail = make_jail(host, "web", jid=3)
    page = text(owner.client.get(jail.get_absolute_url()))
    link = html.unescape(re.search(r'href="(/schedules/new/\?[^"]+)"', page)[1])
    filled = text(owner.client.get(link))
    assert re.search(rf'<option value="{host.pk}"\s+selected', filled)
    assert 'value="web"' in filled


def test_changing_says_whose_rights_it_has_now(owner):
    schedule = make_schedule(owner)
    url = reverse("schedules:schedule-change", args=[schedule.pk])
    answer = owner.client.post(url, FORM | {"name": "renamed"}, follow=True)
    assert "renamed was changed. It runs with your rights now." in words(answer)
