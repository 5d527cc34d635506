"""Making, changing and removing rule sets."""

from __future__ import annotations

import pytest

from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.hosts.models import HostGroup
from apps.network.models import RuleSet
from apps.network.rulesets.queries import hosts_of, rule_set_of
from apps.network.rulesets.services import (
    Content,
    Stale,
    rule_set_add,
    rule_set_change,
    rule_set_describe,
    rule_set_remove,
)
from tests.conftest import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(host, other_host):
    """Both hosts."""
    made = HostGroup.objects.create(name="edge")
    made.hosts.set([host, other_host])
    return made


def add(person, **values):
    return rule_set_add(
        actor=person.actor, **({"name": "new", "host": None, "group": None, "content": Content()} | values)
    )


def test_a_host_has_one_set_of_its_own(owner, host):
    made = add(owner, host=host, content=Content(written="100 allow ip from any to any\r\n\r\n"))
    assert made.written == "100 allow ip from any to any\n"
    with pytest.raises(InvalidInput, match="“new” is for it already"):
        add(owner, host=host, name="other")
    with pytest.raises(InvalidInput, match="of this name already"):
        add(owner, group=HostGroup.objects.create(name="g"))


def test_a_set_is_for_a_host_or_a_group(owner):
    with pytest.raises(InvalidInput) as refused:
        add(owner)
    assert refused.value.field == "owner"


def test_a_hosts_own_set_goes_before_its_groups(owner, host, other_host, group):
    of_group, of_host = add(owner, group=group), add(owner, host=host, name="own")
    host.refresh_from_db()
    other_host.refresh_from_db()
    assert (rule_set_of(host), rule_set_of(other_host)) == (of_host, of_group)
    assert hosts_of(RuleSet.objects.get(pk=of_group.pk)) == [other_host]


def test_who_may_not_on_each_host_of_a_group_changes_nothing_for_it(group, host):
    one = make_person("one", (Role.MANAGER, host))
    with pytest.raises(NotAllowed):
        add(one, group=group)
    add(one, host=host)


def test_a_change_counts_and_records_the_lines_that_come_and_go(owner, rule_set, sent):
    content = Content(written="1 allow ip from any to any\n", choices={"icmp": False})
    rule_set_change(actor=owner.actor, rule_set=rule_set, version=1, content=content)
    detail = AuditEvent.objects.get(action="rule_set.changed").detail
    assert (detail["version"], detail["rules_new"]) == (2, ["1 allow ip from any to any"])
    assert detail["choices_after"] == {"icmp": False}
    rule_set_change(actor=owner.actor, rule_set=rule_set, version=2, content=content)
    assert AuditEvent.objects.filter(action="rule_set.changed").count() == 1


def test_nobody_writes_over_another(owner, rule_set):
    rule_set_change(
        actor=owner.actor, rule_set=rule_set, version=1, content=Content(written="1 count ip from any to any")
    )
    with pytest.raises(Stale):
        rule_set_change(actor=owner.actor, rule_set=rule_set, version=1, content=Content())
    assert RuleSet.objects.get().written == "1 count ip from any to any\n"


def test_what_is_gone_cannot_be_changed(owner, rule_set):
    rule_set_remove(actor=owner.actor, rule_set=rule_set)
    with pytest.raises(Conflict):
        rule_set_describe(actor=owner.actor, rule_set=RuleSet(pk=1, host=rule_set.host), name="x", note="")
