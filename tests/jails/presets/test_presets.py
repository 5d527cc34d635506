"""Presets: who may keep them, what they hold, and what they fill in."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from apps.audit.models import AuditEvent
from apps.hosts.models import HostGroup
from apps.jails.models import JailPreset
from tests.answers import error_of, text
from tests.places import make_basejail

LIST, ADD = "/jails/presets/", "/jails/presets/add/"
WISH = {
    "name": "Web server",
    "group": "",
    "flavours": "example web",
    "clean_stop": "on",
    "parameters": "allow.raw_sockets=1",
    "cpuset": "0-1",
}


def test_a_preset_is_added_and_recorded(owner):
    assert owner.client.post(ADD, WISH).status_code == 302
    preset = JailPreset.objects.get()
    assert preset.choices == {
        "flavour": "example",
        "more_flavours": ["web"],
        "parameters": "allow.raw_sockets=1",
        "cpuset": "0-1",
        "clean_stop": True,
    }
    event = AuditEvent.objects.get(action="preset.added")
    assert event.detail["after"]["hosts"] == "every host"
    assert "flavour example web" in text(owner.client.get(LIST))


def test_the_form_of_a_preset_shows_what_it_says(owner):
    owner.client.post(ADD, WISH)
    page = text(owner.client.get(f"{LIST}{JailPreset.objects.get().pk}/"))
    assert 'value="example web"' in page
    assert 'value="allow.raw_sockets=1"' in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "<b>"),
        ("name", "a\nb"),
        ("flavours", "../etc"),
        ("flavours", "web web"),
        ("parameters", "exec.prestart=/bin/sh"),
        ("parameters", "path=/etc"),
        ("cpuset", "0-"),
        ("fib", "-1"),
        ("size", "10g"),
        ("storage", "bde"),
    ],
)
def test_what_no_jail_could_have_is_refused_at_its_field(owner, field, value):
    answer = owner.client.post(ADD, WISH | {field: value})
    assert answer.status_code == 422
    assert error_of(answer, f"id_{field}")
    assert not JailPreset.objects.exists()


def test_a_name_is_there_once_for_the_same_hosts(owner):
    group = HostGroup.objects.create(name="web")
    for hosts in ("", group.pk):
        assert owner.client.post(ADD, WISH | {"group": hosts}).status_code == 302
    answer = owner.client.post(ADD, WISH)
    assert (answer.status_code, JailPreset.objects.count()) == (422, 2)
    assert "already" in error_of(answer, "id_name")


def test_a_manager_of_a_groups_only_host_keeps_presets_for_it_alone(outsider, other_host):
    group = HostGroup.objects.create(name="theirs")
    other_host.group = group
    other_host.save()
    assert outsider.client.post(ADD, WISH | {"group": group.pk}).status_code == 302
    assert outsider.client.post(ADD, WISH | {"name": "All"}).status_code == 422
    assert [preset.group_id for preset in JailPreset.objects.all()] == [group.pk]


def test_a_preset_of_hosts_out_of_sight_is_not_there(outsider, host):
    host.group = HostGroup.objects.create(name="ours")
    host.save()
    preset = JailPreset.objects.create(name="Secret", group=host.group)
    assert "Secret" not in text(outsider.client.get(LIST))
    assert outsider.client.get(f"{LIST}{preset.pk}/").status_code == 404


# -- what a preset is for ---------------------------------------------------------------------------------


@pytest.fixture
def form(owner, host):
    make_basejail(host)

    def get(**query):
        return text(owner.client.get(reverse("jails:jail-create", args=[host.pk]), query))

    return get


def test_a_preset_fills_in_the_form_for_a_new_jail(form):
    choices = {"flavour": "example", "cpuset": "0-1", "norun": True, "clean_stop": False}
    preset = JailPreset.objects.create(name="Web", choices=choices)
    page = form(preset=preset.pk)
    assert re.search(r'<option value="example"\s+selected', page)
    assert 'value="0-1"' in page
    assert re.search(r'name="norun"[^>]*checked', page)
    assert not re.search(r'name="clean_stop"[^>]*checked', page)
    assert re.search(r"<details[^>]*\bopen", page)


def test_without_a_preset_the_rest_stays_folded_and_a_clean_stop_is_offered(form):
    JailPreset.objects.create(name="Web")
    page = form()
    assert not re.search(r"<details[^>]*\bopen", page)
    assert re.search(r'name="clean_stop"[^>]*checked', page)
    assert ">Web</a>" in page


def test_what_the_host_lacks_of_a_preset_is_said(form):
    preset = JailPreset.objects.create(name="Web", choices={"flavour": "nginx"})
    assert "alpha has no flavour nginx" in form(preset=preset.pk)


@pytest.mark.parametrize("number", ["", "0", "x", "99999999999999999999", "²"])
def test_a_preset_that_is_none_leaves_the_form_empty(form, number):
    assert "has no flavour" not in form(preset=number)


def test_presets_of_other_groups_are_not_offered(form):
    preset = JailPreset.objects.create(name="Theirs", group=HostGroup.objects.create(name="other"))
    page = form(preset=preset.pk)
    assert ">Theirs</a>" not in page
