"""Pools and their addresses, NAT instances, rule sets, and what was seen of a host's firewall."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.hosts.models import Host, HostGroup


def address_key(text: str) -> str:
    """Return an address as text that sorts as the addresses do: family, then 32 hexadecimal digits."""
    ip = ip_address(text)
    return f"{ip.version}{int(ip):032x}"


class AddressPool(models.Model):
    """A network whose addresses are given out: to jails of one host, of a group's hosts, or of all.

    `first_key` and `last_key` are its ends as `address_key` gives them.
    """

    name = models.CharField(max_length=63, unique=True)
    network = models.CharField(max_length=49)
    first_key = models.CharField(max_length=33)
    last_key = models.CharField(max_length=33)
    interface = models.CharField(max_length=15)
    is_private = models.BooleanField(default=True)
    gateway = models.CharField(max_length=45, blank=True)
    host = models.ForeignKey(
        Host, on_delete=models.CASCADE, null=True, blank=True, related_name="address_pools"
    )
    group = models.ForeignKey(HostGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(host__isnull=True) | Q(group__isnull=True), name="pool_of_host_or_group"
            ),
            models.CheckConstraint(condition=Q(first_key__lte=F("last_key")), name="pool_ends_in_order"),
        ]
        indexes = [models.Index(fields=["first_key", "last_key"], name="pool_ends")]

    def __str__(self) -> str:
        return f"{self.name} ({self.network})"


class ReservedRange(models.Model):
    """Addresses of a pool that are not given out."""

    pool = models.ForeignKey(AddressPool, on_delete=models.CASCADE, related_name="reserved")
    first = models.CharField(max_length=45)
    last = models.CharField(max_length=45)
    first_key = models.CharField(max_length=33)
    last_key = models.CharField(max_length=33)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["first_key"]
        constraints = [
            models.CheckConstraint(condition=Q(first_key__lte=F("last_key")), name="reserved_ends_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


class HeldAddress(models.Model):
    """An address of a pool that is given to a jail, kept for one that is being made, or kept by hand.

    The database refuses a second one. `jail` is the jail's safe name; `job_id` is the job that makes the
    jail, until that has ended. One that is kept by hand has no jail, and a note that says for what.
    """

    pool = models.ForeignKey(AddressPool, on_delete=models.RESTRICT, related_name="held")
    address = models.CharField(max_length=45)
    key = models.CharField(max_length=33, db_index=True)
    host = models.ForeignKey(
        Host, on_delete=models.CASCADE, null=True, blank=True, related_name="held_addresses"
    )
    jail = models.CharField(max_length=255, blank=True)
    note = models.CharField(max_length=200, blank=True)
    job_id = models.UUIDField(null=True)
    held_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(fields=["pool", "key"], name="held_once_a_pool"),
            models.CheckConstraint(condition=Q(jail="") | Q(host__isnull=False), name="held_jail_has_a_host"),
        ]
        indexes = [models.Index(fields=["host", "jail"], name="held_of_jail")]

    def __str__(self) -> str:
        return f"{self.address} for {self.jail or self.note}"


class SeenAddress(models.Model):
    """An address that a host has, or that a jail of it is written to have, when it was last seen.

    `interface` is where it is, or where the jail's file puts it; `prefix` is null while it is on none.
    `jail` is the safe name of the jail whose it is, empty for the host's own. `seen_at` is when it was first
    seen there: rows are written only where something changed.
    """

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="seen_addresses")
    address = models.CharField(max_length=45)
    key = models.CharField(max_length=33, db_index=True)
    interface = models.CharField(max_length=15, blank=True)
    prefix = models.PositiveSmallIntegerField(null=True)
    jail = models.CharField(max_length=255, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["key", "host__name"]
        constraints = [
            models.UniqueConstraint(fields=["host", "key", "interface", "jail"], name="seen_once_a_place"),
        ]

    def __str__(self) -> str:
        return f"{self.address} on {self.host_id}"


class NatInstance(models.Model):
    """A host's NAT instance as it is wanted (`ipfw nat N config …`).

    `networks` are the jail networks that leave by it; those that no instance has leave by the first one.
    """

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="nat_instances")
    number = models.PositiveIntegerField(default=123)
    address = models.CharField(max_length=15, blank=True)
    interface = models.CharField(max_length=15, blank=True)
    options = models.JSONField(default=list)
    networks = models.JSONField(default=list)
    note = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["host", "number"], name="nat_number_once_a_host"),
            models.CheckConstraint(
                condition=(Q(address="") & ~Q(interface="")) | (~Q(address="") & Q(interface="")),
                name="nat_address_or_interface",
            ),
        ]

    def __str__(self) -> str:
        return f"nat {self.number} on {self.host_id}"


class PortForward(models.Model):
    """A way in through a NAT instance: redirect_port, redirect_addr or redirect_proto."""

    nat = models.ForeignKey(NatInstance, on_delete=models.CASCADE, related_name="forwards")
    kind = models.CharField(
        max_length=5, choices=[("port", "port"), ("addr", "address"), ("proto", "protocol")]
    )
    proto = models.CharField(max_length=20, blank=True)
    public_address = models.CharField(max_length=15, blank=True)
    public_ports = models.CharField(max_length=11, blank=True)
    jail = models.CharField(max_length=255, blank=True)
    local_address = models.CharField(max_length=255)
    local_ports = models.CharField(max_length=11, blank=True)
    remote = models.CharField(max_length=27, blank=True)
    note = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["kind", "proto", "public_address", "public_ports"]
        constraints = [
            models.UniqueConstraint(
                fields=["nat", "kind", "proto", "public_address", "public_ports", "remote"],
                name="forward_once_a_public_port",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.proto} {self.public_address}:{self.public_ports} to {self.local_address}"


class Layout(models.TextChoices):
    """How a rule set comes about."""

    RECOMMENDED = "recommended", "recommended"
    ARTICLE = "article", "the article's"
    WRITTEN = "written", "written by hand"


class RuleSet(models.Model):
    """The wanted firewall rules of one host, or of the hosts of a group with each one's own values filled in.

    `layout` says what is generated; `choices` holds what the generated part is made from (outgoing services
    and the like); `written` are the rules that people wrote, one a line, in ipfw's own words; `$outside`,
    `$public`, `$jails` and `$panel` in them stand for the host's own values. `version` counts changes, so
    that two people do not write over each other.
    """

    name = models.CharField(max_length=63, unique=True)
    host = models.OneToOneField(
        Host, on_delete=models.CASCADE, null=True, blank=True, related_name="rule_set"
    )
    group = models.OneToOneField(
        HostGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="rule_set"
    )
    layout = models.CharField(max_length=12, choices=Layout.choices, default=Layout.RECOMMENDED)
    choices = models.JSONField(default=dict)
    written = models.TextField(blank=True)
    note = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(host__isnull=True) & Q(group__isnull=False))
                | (Q(host__isnull=False) & Q(group__isnull=True)),
                name="rule_set_of_host_or_group",
            ),
            models.CheckConstraint(condition=Q(layout__in=Layout.values), name="rule_set_layout_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class FirewallTable(models.Model):
    """A table of addresses that a rule set's rules can name; one entry a line, a network and a value."""

    rule_set = models.ForeignKey(RuleSet, on_delete=models.CASCADE, related_name="tables")
    name = models.CharField(max_length=63)
    entries = models.TextField(blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["rule_set", "name"], name="table_name_once_a_rule_set"),
        ]

    def __str__(self) -> str:
        return self.name


class HostFirewall(models.Model):
    """A host's firewall: its own values for rule sets, and what was last seen of it.

    `outside` is the interface towards the world, `public_addresses` and `jail_networks` are lists of texts;
    `panel_address` is where the panel's own connection comes from, `panel_port` where it goes to, as the host
    sees it. `observed` is the last look as JSON (apps.network.firewall.observed), None before the first;
    `kept` is what the panel last applied and kept, in the same form.
    """

    host = models.OneToOneField(Host, on_delete=models.CASCADE, related_name="firewall")
    outside = models.CharField(max_length=15, blank=True)
    public_addresses = models.JSONField(default=list)
    jail_networks = models.JSONField(default=list)
    panel_address = models.CharField(max_length=45, blank=True)
    panel_port = models.PositiveIntegerField(null=True)
    observed = models.JSONField(null=True)
    observed_at = models.DateTimeField(null=True)
    kept = models.JSONField(null=True)
    differs_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"firewall of {self.host_id}"


class AppliedState(models.TextChoices):
    """What became of a firewall that was sent to a host."""

    SENT = "sent", "being applied"
    KEPT = "kept", "kept"
    TAKEN_BACK = "taken_back", "taken back by the host"
    UNCONFIRMED = "unconfirmed", "in force, never confirmed"
    FAILED = "failed", "not applied"


class AppliedFirewall(models.Model):
    """One firewall that was sent to a host, for its history; `content` has the form of HostFirewall.kept."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="applied_firewalls")
    job_id = models.UUIDField(unique=True)
    content = models.JSONField()
    state = models.CharField(max_length=12, choices=AppliedState.choices, default=AppliedState.SENT)
    actor_name = models.CharField(max_length=150)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    note = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-sent_at"]
        indexes = [models.Index(fields=["host", "-sent_at"], name="applied_newest")]

    def __str__(self) -> str:
        return f"{self.state} on {self.host_id}"
