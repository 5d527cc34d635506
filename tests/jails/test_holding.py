"""A jail's addresses are held from its job on until it is forgotten; forms offer the next free ones."""

from __future__ import annotations

import re

import pytest
from django.http import QueryDict

from apps.accounts.actor import PANEL
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import JailAddresses, JailName
from apps.jails.forms import JailForm
from apps.jails.holding import job_ended
from apps.jails.models import Jail
from apps.jails.services import Agreed, NewJail, jail_create_request
from apps.jails.settings.forms import SettingsForm
from apps.jobs.models import Job, JobState
from apps.network.models import HeldAddress
from tests.answers import text
from tests.jobs.conftest import make_job
from tests.network.pools.places import keep, make_pool, see
from tests.places import make_basejail, make_jail

CREATE = "/hosts/{}/new-jail/"


@pytest.fixture
def pool(host):
    make_basejail(host)
    return make_pool("10.0.0.0/24", "jails", interface="lo0", gateway="10.0.0.1")


def held() -> dict[str, tuple[str, str]]:
    rows = HeldAddress.objects.filter(host__isnull=False)
    return {row.address: (row.host.name, row.jail) for row in rows}


def ask(host, addresses: str = "lo0|10.0.0.5/24", name: str = "web") -> Job:
    wanted = NewJail(JailName.parse(name), JailAddresses.parse(addresses))
    return jail_create_request(actor=PANEL, host=host, wanted=wanted, agreed=Agreed())


def end(job: Job, state: JobState) -> None:
    Job.objects.filter(pk=job.pk).update(state=state)
    job.state = state
    job_ended(job)


# -- what is held ------------------------------------------------------------------------------------------


def test_an_address_is_held_with_the_job_that_makes_the_jail(host, pool):
    job = ask(host, "lo0|10.0.0.5/24,re0|192.0.2.9/24")
    row = HeldAddress.objects.get()
    assert (row.address, row.jail, row.host, row.job_id) == ("10.0.0.5", "web", host, job.pk)


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED, JobState.LOST])
def test_it_is_let_go_when_nothing_came_of_the_job(host, pool, state):
    end(ask(host), state)
    assert held() == {}


def test_it_stays_with_a_jail_that_is_there(host, pool):
    job = ask(host)
    see(host, "10.0.0.5", "web")
    end(job, JobState.SUCCEEDED)
    assert held() == {"10.0.0.5": ("alpha", "web")}


def test_what_another_holds_is_refused_at_its_row(host, other_host, pool):
    keep(pool, "10.0.0.5", other_host, "mail")
    with pytest.raises(InvalidInput, match="on another host") as caught:
        ask(host, "re0|10.9.0.9/24,lo0|10.0.0.5/24")
    assert caught.value.field == "address-1"
    assert not Job.objects.exists()


def test_a_jail_that_gets_another_name_takes_it_along(host, pool):
    keep(pool, "10.0.0.5", host, "web")
    see(host, "10.0.0.5", "shop")
    job = make_job(host, subject="web")
    job.intent = {"new_safe_name": "shop"}
    end(job, JobState.SUCCEEDED)
    assert held() == {"10.0.0.5": ("alpha", "shop")}


def test_a_jail_that_is_moved_takes_it_along_and_back(host, other_host, pool):
    keep(pool, "10.0.0.5", host, "web")
    see(other_host, "10.0.0.5", "web")
    job = make_job(other_host, subject="web")
    job.kind, job.intent = "jails.move", {"part": "in", "source": str(host.pk)}
    end(job, JobState.SUCCEEDED)
    assert held() == {"10.0.0.5": ("omega", "web")}
    see(host, "10.0.0.5", "web")
    job = make_job(host, subject="web")
    job.kind, job.intent = "jails.move_back", {"part": "back", "target": str(other_host.pk)}
    end(job, JobState.SUCCEEDED)
    assert held() == {"10.0.0.5": ("alpha", "web")}


# -- the form for a new jail -------------------------------------------------------------------------------


def query(**values) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def test_the_first_row_comes_from_loopback(host, pool):
    make_pool("192.0.2.0/24", "public", interface="re0")
    form = JailForm(host)
    row = form.rows[0]
    assert (row.interface, row.address, row.prefix) == ("lo0", "10.0.0.2", "24")
    assert [one.name for one in form.pools] == ["jails", "public"]


def test_rows_that_choose_a_pool_get_its_next_free_addresses(host, pool):
    rows = {"interface": ["", "", "lo0"], "address": ["", "", "10.0.0.3"], "prefix": ["", "", "24"]}
    chosen = [str(pool.pk), str(pool.pk), ""]
    form = JailForm(host, query(name="web", pool=chosen, filled=["", "", ""], **rows))
    assert form.is_valid(), form.row_errors
    assert str(form.wanted.addresses) == "lo0|10.0.0.2/24,lo0|10.0.0.4/24,lo0|10.0.0.3/24"


def test_what_is_typed_into_a_row_that_was_filled_in_stays(host, pool):
    number = str(pool.pk)
    typed = {"interface": "lo0", "address": "10.0.0.77", "prefix": "24", "pool": number, "filled": number}
    assert JailForm(host, query(name="web", **typed)).rows[0].address == "10.0.0.77"


@pytest.mark.parametrize("number", ["x", "999", "\0"])
def test_a_pool_that_is_none_fills_in_nothing(host, pool, number):
    form = JailForm(host, query(name="web", interface="lo0", address="", prefix="", pool=number))
    assert not form.is_valid()
    assert form.row_errors == {"address-0": ["A jail needs at least one address."]}


def test_a_pool_without_a_free_address_says_so_at_the_row(host):
    make_basejail(host)
    full = make_pool("10.0.0.2/32", "tiny", interface="lo0")
    keep(full, "10.0.0.2", note="x")
    form = JailForm(host, query(name="web", interface="", address="", prefix="", pool=str(full.pk)))
    assert not form.is_valid()
    assert "no free address left" in form.row_errors["address-0"][0]


def test_an_address_that_is_kept_is_refused_next_to_it(owner, host, pool):
    keep(pool, "10.0.0.5", note="printer")
    data = {"name": "web", "interface": "lo0", "address": "10.0.0.5", "prefix": "24"}
    answer = owner.client.post(CREATE.format(host.pk), data)
    assert answer.status_code == 422
    assert "is kept in the pool jails: printer" in text(answer)


def test_the_check_sends_back_the_row_that_it_filled_in(owner, host, pool):
    data = {"name": "web", "interface": "lo0", "address": "", "prefix": "", "pool": pool.pk, "filled": ""}
    page = text(owner.client.post(f"{CREATE.format(host.pk)}check/", data))
    assert re.search(r'id="address-row-0"[^>]*hx-swap-oob="true"', page)
    assert 'value="10.0.0.2"' in page
    assert "lo0|10.0.0.2/24" in page


def test_without_javascript_a_button_fills_the_rows_in(owner, host, pool):
    data = {"fill_in": "1", "name": "", "interface": "", "address": "", "prefix": "", "pool": pool.pk}
    answer = owner.client.post(CREATE.format(host.pk), data)
    assert (answer.status_code, 'value="10.0.0.2"' in text(answer)) == (200, True)
    assert not Job.objects.exists()


def test_without_pools_the_form_is_as_it_was(owner, host):
    make_basejail(host)
    assert 'name="pool"' not in text(owner.client.get(CREATE.format(host.pk)))


# -- the settings of a jail --------------------------------------------------------------------------------


def test_a_row_of_the_settings_gets_an_address_too(owner, host, pool):
    config = 'export jail_test_hostname="test"\nexport jail_test_ip="lo0|10.0.0.2/24"\n'
    jail = make_jail(host, "test", config_text=config)
    see(host, "10.0.0.2", "test")
    rows = {"interface": ["lo0", ""], "address": ["10.0.0.2", ""], "prefix": ["24", ""]}
    chosen = {"pool": ["", str(pool.pk)], "filled": ["", ""]}
    form = SettingsForm(Jail.objects.get(pk=jail.pk), PANEL, query(**rows, **chosen, runs_at_boot="on"))
    assert form.is_valid(), form.row_errors
    assert form.prepared.intent["changes"] == {"ip": "lo0|10.0.0.2/24,lo0|10.0.0.3/24"}
