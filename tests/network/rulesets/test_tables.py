"""Entries of tables, and keeping them."""

from __future__ import annotations

import pytest

from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.network.models import FirewallTable
from apps.network.rulesets.tables import TableWish, read_entries, table_add, table_change, table_remove


def test_entries_are_read_with_their_values_and_bad_lines_are_named():
    entries, bad = read_entries(
        "10.0.0.0/24 5 # jails\n\n192.0.2.1\n10.0.0.5/24\nx\n2001:db8::/32\n192.0.2.1 3\n"
    )
    assert entries[:2] == (("10.0.0.0/24", "5"), ("192.0.2.1/32", "3"))
    assert [(one.line, one.text) for one in bad] == [(4, "10.0.0.5/24"), (5, "x"), (7, "192.0.2.1 3")]
    assert "10.0.0.0/24 or 10.0.0.5" in bad[0].sentence


@pytest.mark.django_db
def test_a_table_is_kept_changed_and_removed_with_the_set(owner, rule_set, sent):
    made = table_add(actor=owner.actor, rule_set=rule_set, wish=TableWish("bad", "192.0.2.1"))
    with pytest.raises(InvalidInput, match="of this name already"):
        table_add(actor=owner.actor, rule_set=rule_set, wish=TableWish("bad", ""))
    table_change(actor=owner.actor, rule_set=rule_set, table=made, wish=TableWish("worse", ""))
    table_remove(actor=owner.actor, rule_set=rule_set, table=made)
    rule_set.refresh_from_db()
    assert rule_set.version == 4
    assert not FirewallTable.objects.exists()
    assert AuditEvent.objects.filter(action__startswith="rule_set.table_").count() == 3


@pytest.mark.django_db
def test_what_cannot_be_is_refused(owner, viewer, rule_set):
    for wish in (TableWish("-x", ""), TableWish("a b", ""), TableWish("ok", "nonsense")):
        with pytest.raises(InvalidInput):
            table_add(actor=owner.actor, rule_set=rule_set, wish=wish)
    with pytest.raises(NotAllowed):
        table_add(actor=viewer.actor, rule_set=rule_set, wish=TableWish("ok", ""))
    gone = FirewallTable(pk=99, name="x")
    with pytest.raises(Conflict):
        table_remove(actor=owner.actor, rule_set=rule_set, table=gone)
