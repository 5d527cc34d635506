"""The page before many jails are changed, and how one gets there from the lists."""

from __future__ import annotations

import re

import pytest

from apps.hosts.models import HostGroup, HostState
from apps.jails.bulk import BulkAgreed, bulk_of, bulk_request
from apps.jails.changes import STOP
from apps.jails.models import Jail
from apps.jails.services import Agreed
from apps.jobs.batch_rules import Pace
from apps.jobs.batches import advance
from apps.jobs.models import ApprovalPolicy, Batch, Job, JobState
from tests.answers import plain, text, words
from tests.places import make_host, make_jail
from tests.test_query_counts import MOST_BYTES, ask, fill

RESTART = "/jails/bulk/restart/"
STOP_URL = "/jails/bulk/stop/"


@pytest.fixture
def jails(host, other_host) -> list[Jail]:
    return [
        make_jail(host, "web", jid=4),
        make_jail(host, "db", addresses="lo0|10.0.0.3/24", jid=5, runs_at_boot=False),
        make_jail(host, "off", addresses="lo0|10.0.0.4/24"),
        make_jail(other_host, "mail", addresses="lo0|10.0.0.5/24", jid=6),
    ]


def ids(*jails: Jail) -> str:
    return ",".join(str(jail.pk) for jail in jails)


def hidden(answer) -> dict[str, str]:
    """What the form carries, as a browser would send it."""
    form = text(answer).partition('id="bulk"')[2]
    found = dict(re.findall(r'<input type="hidden" name="(?!csrf)([^"]+)" value="([^"]*)"', form))
    numbers = re.findall(r'<input[^>]*type="number"[^>]*>', form)
    found |= {re.search(r'name="([^"]+)"', tag)[1]: re.search(r'value="([^"]*)"', tag)[1] for tag in numbers}
    if chosen := re.search(r'name="first"\s+value="(\d+)" checked', form):
        found["first"] = chosen[1]
    return found


# -- the page ----------------------------------------------------------------------------------------------


def test_it_shows_each_command_by_host_and_why_others_are_left_out(owner, jails):
    answer = owner.client.post(RESTART, {"jail": [jail.pk for jail in jails]})
    assert answer.status_code == 200
    assert re.findall(r"<pre>(.*?)</pre>", text(answer), re.DOTALL) == [
        "".join(
            f"/usr/local/bin/ezjail-admin {words} db\n"
            for words in ("config -r run", "onerestart", "config -r norun")
        ),
        "/usr/local/bin/ezjail-admin onerestart web\n",
        "/usr/local/bin/ezjail-admin onerestart mail\n",
    ]
    shown = words(answer)
    assert "Restart 3 jails" in shown
    assert "1 left out It does not run. off on alpha" in shown
    assert "ezjail skips a norun jail silently" in shown


def test_nothing_is_written_by_looking(owner, jails, django_assert_num_queries):
    owner.client.post(RESTART, {"jail": [jail.pk for jail in jails]})
    assert not Job.objects.exists()
    assert not Batch.objects.exists()


def test_all_commands_come_as_a_text(owner, jails):
    wish = {"jails": ids(*jails), "confirmed": "yes", "show": "text"}
    answer = owner.client.post(STOP_URL, wish)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert text(answer).splitlines()[3:] == [
        "/usr/local/bin/ezjail-admin config -r norun db",
        "# alpha: web",
        "/usr/local/bin/ezjail-admin onestop web",
        "# omega: mail",
        "/usr/local/bin/ezjail-admin onestop mail",
    ]
    assert not Job.objects.exists()


@pytest.mark.parametrize(("count", "checked"), [(2, False), (3, True)])
def test_a_canary_is_usual_for_more_than_two(owner, host, count, checked):
    fill(host, count + 1)  # the first one does not run
    answer = owner.client.post(STOP_URL, {"jail": list(Jail.objects.values_list("pk", flat=True))})
    assert ("checked" in re.search(r'<input[^>]*name="canary"[^>]*>', text(answer))[0]) is checked


def test_it_says_how_many_wait_for_a_second_person(owner, jails, other_host):
    group = HostGroup.objects.create(name="careful")
    other_host.group = group
    other_host.save()
    ApprovalPolicy.objects.create(group=group, valid_h=4)
    answer = owner.client.post(STOP_URL, {"jail": [jail.pk for jail in jails]})
    assert "1 needs a second person's approval first" in words(answer).replace("&#x27;", "'")


def test_without_a_choice_it_says_so(owner, jails):
    answer = owner.client.post(STOP_URL)
    assert answer.status_code == 422
    assert "No jail was chosen" in words(answer)
    assert owner.client.get(STOP_URL).status_code == 200


def test_where_none_can_take_part_there_is_no_button(owner, jails):
    answer = owner.client.post(STOP_URL, {"jail": jails[2].pk})
    assert "None of these jails can take part." in words(answer)
    assert 'id="bulk-go"' not in text(answer)


@pytest.mark.parametrize("verb", ["delete", "create", "nonsense"])
def test_what_is_not_for_many_is_not_there(owner, jails, verb):
    assert owner.client.post(f"/jails/bulk/{verb}/", {"jail": jails[0].pk}).status_code == 404


def test_who_may_do_it_nowhere_is_refused_and_has_no_boxes(viewer, jails):
    assert viewer.client.post(STOP_URL, {"jail": jails[0].pk}).status_code == 403
    for url in ("/jails/", "/hosts/"):
        assert "data-pick" not in text(viewer.client.get(url)).partition("<dialog")[0]


@pytest.mark.parametrize("bad", ["x", "1,x,-5", "9" * 30, "\0", "🦊", ","])
def test_no_text_in_place_of_ids_breaks_it(owner, jails, bad):
    for field in ("jails", "jail", "host", "first", "failed_of", "all", "query"):
        assert owner.client.post(STOP_URL, {field: bad}).status_code in {200, 404, 422}


# -- asking ------------------------------------------------------------------------------------------------


def test_it_makes_a_batch_and_goes_to_its_page(owner, jails, sent):
    form = hidden(owner.client.post(STOP_URL, {"jail": [jail.pk for jail in jails]}))
    answer = owner.client.post(STOP_URL, form | {"without": "on", "canary": "on", "at_once": "2"})
    batch = Batch.objects.get()
    assert answer.headers["Location"] == batch.get_absolute_url()
    assert (batch.at_once, batch.stop_after, batch.canary, batch.jobs.count()) == (2, 1, True, 3)


def test_the_same_form_twice_leads_to_the_same_batch(owner, jails, sent):
    form = hidden(owner.client.post(STOP_URL, {"jail": jails[0].pk}))
    first, second = owner.client.post(STOP_URL, form), owner.client.post(STOP_URL, form)
    assert first.headers["Location"] == second.headers["Location"]
    assert Batch.objects.count() == 1


def test_a_marked_jail_goes_first(owner, jails, sent):
    form = hidden(owner.client.post(STOP_URL, {"jail": [jail.pk for jail in jails]}))
    assert form["first"] == str(jails[1].pk)
    owner.client.post(STOP_URL, form | {"without": "on", "first": str(jails[3].pk)})
    assert Job.objects.get(batch_position=0).subject == "mail"


def test_those_that_are_left_out_have_to_be_agreed_to(owner, jails):
    form = hidden(owner.client.post(STOP_URL, {"jail": [jail.pk for jail in jails]}))
    answer = owner.client.post(STOP_URL, form)
    assert answer.status_code == 422
    assert "Say that the others may go without those that are left out." in words(answer)
    assert hidden(answer) == form
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("at_once", "0", "greater than or equal to 1"),
        ("at_once", "many", "whole number"),
        ("at_once", "", "required"),
        ("stop_after", "-1", "greater than or equal to 0"),
        ("stop_after", "99999", "less than or equal to 1000"),
    ],
)
def test_an_odd_pace_is_refused_at_its_field_and_nothing_is_lost(owner, jails, field, value, said):
    form = hidden(owner.client.post(STOP_URL, {"jail": jails[0].pk}))
    answer = owner.client.post(STOP_URL, form | {field: value})
    assert answer.status_code == 422
    assert said in plain(text(answer).partition(f'id="field-{field}"')[2].partition("form-hint")[0])
    assert not Batch.objects.exists()


def test_when_something_changed_meanwhile_it_is_shown_anew(owner, jails, sent):
    form = hidden(owner.client.post(STOP_URL, {"jail": jails[0].pk}))
    Jail.objects.filter(pk=jails[0].pk).update(runs_at_boot=False)
    answer = owner.client.post(STOP_URL, form)
    assert answer.status_code == 409
    assert "The state changed since these commands were shown." in words(answer)
    assert "config -r run web" in text(answer)
    assert not Batch.objects.exists()
    assert owner.client.post(STOP_URL, hidden(answer)).status_code == 302


def test_a_host_that_went_away_meanwhile_is_shown_as_left_out(owner, jails, host):
    form = hidden(owner.client.post(STOP_URL, {"jail": [jails[0].pk, jails[3].pk]}))
    type(host).objects.filter(pk=host.pk).update(state=HostState.UNREACHABLE)
    answer = owner.client.post(STOP_URL, form)
    assert answer.status_code == 422
    assert "1 left out alpha is unreachable web on alpha" in words(answer)


def test_jails_of_hosts_that_one_may_not_see_are_not_touched(operator, jails, sent):
    form = hidden(operator.client.post(STOP_URL, {"jail": [jail.pk for jail in jails]}))
    assert str(jails[3].pk) not in form["jails"].split(",")
    operator.client.post(STOP_URL, form | {"jails": ids(*jails), "without": "on"})
    assert "mail" not in Job.objects.values_list("subject", flat=True)


# -- from the lists ----------------------------------------------------------------------------------------


def test_rows_have_boxes_and_the_list_has_buttons(owner, jails):
    page = text(owner.client.get("/jails/"))
    assert len(re.findall(r'name="jail"', page)) == 4
    assert 'aria-label="Select web on alpha"' in page
    for verb in ("start", "stop", "restart"):
        assert f'formaction="/jails/bulk/{verb}/"' in page


def test_all_that_match_the_lists_filter_are_meant(owner, jails):
    answer = owner.client.post(STOP_URL, {"all": "jails", "query": "host=alpha&state=running"})
    assert hidden(answer)["jails"] == ids(jails[1], jails[0])


def test_of_hosts_the_running_jails_are_meant(owner, jails, host):
    answer = owner.client.post(STOP_URL, {"host": str(host.pk)})
    assert hidden(answer)["jails"] == ids(jails[1], jails[0])
    started = owner.client.post("/jails/bulk/start/", {"host": str(host.pk)})
    assert hidden(started)["jails"] == ids(jails[2])


def test_all_hosts_that_match_are_meant(owner, jails):
    answer = owner.client.post(STOP_URL, {"all": "hosts", "query": "q=omega"})
    assert hidden(answer)["jails"] == ids(jails[3])


def test_more_than_one_page_can_be_taken_as_a_whole(owner, host):
    fill(host, 60)
    page = text(owner.client.get("/jails/?state=running"))
    assert "All 59 that match" in words(owner.client.get("/jails/?state=running"))
    assert 'value="state=running"' in page


def test_what_failed_in_a_batch_is_tried_again_from_its_page(owner, jails, sent):
    wish = BulkAgreed(Agreed("", "wish"), Pace(stop_after=0), without=True)
    pks = [jail.pk for jail in jails]
    batch = bulk_request(actor=owner.actor, change=STOP, jail_ids=pks, agreed=wish)
    batch.jobs.update(state=JobState.SUCCEEDED)
    batch.jobs.filter(subject="web").update(state=JobState.FAILED)
    advance(batch.pk)
    page = owner.client.get(batch.get_absolute_url())
    url = re.search(r'id="batch-retry"\s+href="([^"]+)"', text(page))[1]
    assert hidden(owner.client.get(url))["jails"] == ids(jails[0])


def test_a_batch_that_one_may_not_see_is_not_tried_again(owner, outsider, jails, sent):
    wish = BulkAgreed(Agreed("", "wish"), Pace(), without=True)
    batch = bulk_request(actor=owner.actor, change=STOP, jail_ids=[jails[0].pk], agreed=wish)
    assert outsider.client.get(f"{STOP_URL}?failed_of={batch.pk}").status_code == 404


# -- many --------------------------------------------------------------------------------------------------


def test_a_thousand_jails_fit_on_one_page_with_a_few_queries(owner):
    for number in range(20):
        fill(make_host(f"host{number:02}", address=f"198.51.100.{number + 1}"), 50)
    Jail.objects.update(runs_at_boot=False, jid=7)
    few, _ = ask(owner, f"{STOP_URL}?jails={Jail.objects.first().pk}")
    many, content = ask(owner, f"{STOP_URL}?all=jails")
    assert b"Stop 1000 jails" in content
    assert len(content) < MOST_BYTES
    assert many <= few + 3
    assert many <= 15
    bulk = bulk_of(actor=owner.actor, change=STOP, jail_ids=Jail.objects.values_list("pk", flat=True))
    assert bulk.hash.encode() in content
