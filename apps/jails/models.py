"""Basejails and jails: what was asked for and what was last seen."""

from __future__ import annotations

from django.db import models
from django.urls import reverse

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import JailName
from apps.hosts.models import Host


class Basejail(models.Model):
    """The base world of a host that all its jails share, as last seen."""

    host = models.OneToOneField(Host, on_delete=models.CASCADE, related_name="basejail")
    is_present = models.BooleanField(default=False)
    is_complete = models.BooleanField(default=False)
    release = models.CharField(max_length=64, blank=True)
    has_sources = models.BooleanField(default=False)
    has_ports = models.BooleanField(default=False)
    problems = models.JSONField(default=list)
    observed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"basejail {self.release} on {self.host_id}"


class Kind(models.TextChoices):
    """What a jail's root is (the first letter of `ezjail-admin list`)."""

    DIRECTORY = "D", "directory"
    ZFS = "Z", "ZFS dataset"
    IMAGE = "I", "image file"
    GBDE = "B", "gbde image"
    GELI = "E", "geli image"


class Jail(models.Model):
    """A jail of a host. Without `observed_at` it was asked for and has not been seen yet.

    `jid` is set while it runs; what is shown was true at `observed_at`, and when the host is away
    it stays as it was last seen, with that time.
    `wanted` is what the panel last made of it or agreed to, as JSON values (drift/wanted.py); None before the
    first whole look. `adopted_at` is set on one that was there before the panel. `missing_since` is set while
    ezjail has no file for it any more, although nobody deleted it here.
    """

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="jails")
    name = models.CharField(max_length=255)
    safe_name = models.CharField(max_length=255)
    flavour = models.CharField(max_length=64, blank=True)
    jid = models.PositiveIntegerField(null=True)
    is_dying = models.BooleanField(default=False)
    runs_at_boot = models.BooleanField(default=True)
    kind = models.CharField(max_length=1, choices=Kind.choices, default=Kind.DIRECTORY)
    root = models.CharField(max_length=1024, blank=True)
    root_exists = models.BooleanField(default=True)
    parameters = models.TextField(blank=True)
    config_text = models.TextField(blank=True)
    fstab_text = models.TextField(blank=True)
    wanted = models.JSONField(null=True)
    adopted_at = models.DateTimeField(null=True)
    missing_since = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    observed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["host__name", "name"]
        constraints = [
            models.UniqueConstraint(fields=["host", "safe_name"], name="jail_safe_name_once_a_host"),
        ]
        indexes = [models.Index(fields=["name"], name="jail_name")]

    def __str__(self) -> str:
        return f"{self.name} on {self.host_id}"

    def get_absolute_url(self) -> str:
        """Return the jail's page."""
        return reverse("jails:jail-detail", args=[self.host_id, self.safe_name])

    @property
    def is_running(self) -> bool:
        """Whether it ran when it was last seen; a dying one is stopped, the kernel only waits for its end."""
        return self.jid is not None and not self.is_dying

    @property
    def has_manageable_name(self) -> bool:
        """Whether its name is one that we would pass to a command."""
        try:
            JailName.parse(self.name)
        except InvalidInput:
            return False
        return True


class JailAddress(models.Model):
    """One of a jail's addresses, in order: the first is what 127.0.0.1 means inside."""

    jail = models.ForeignKey(Jail, on_delete=models.CASCADE, related_name="addresses")
    position = models.PositiveSmallIntegerField()
    interface = models.CharField(max_length=32, blank=True)
    address = models.CharField(max_length=255, db_index=True)
    prefix = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["jail", "position"], name="jail_address_position_once"),
        ]

    def __str__(self) -> str:
        interface = f"{self.interface}|" if self.interface else ""
        prefix = f"/{self.prefix}" if self.prefix is not None else ""
        return f"{interface}{self.address}{prefix}"


class Drift(models.Model):
    """One thing in which a jail is not as it is wanted, since when.

    `field` is a variable of its file, or `file`, `fstab`, `runs_at_boot`, `running`, `root`, `missing`.
    """

    jail = models.ForeignKey(Jail, on_delete=models.CASCADE, related_name="drifts")
    field = models.CharField(max_length=64)
    wanted = models.TextField(blank=True)
    observed = models.TextField(blank=True)
    first_seen_at = models.DateTimeField()

    class Meta:
        ordering = ["jail__host__name", "jail__name", "field"]
        constraints = [
            models.UniqueConstraint(fields=["jail", "field"], name="drift_field_once_a_jail"),
        ]
        indexes = [models.Index(fields=["-first_seen_at"], name="drift_newest")]

    def __str__(self) -> str:
        return f"{self.field} of {self.jail_id}"


class JailPreset(models.Model):
    """A named set of choices for new jails, for the hosts of a group (none: for all)."""

    name = models.CharField(max_length=63)
    group = models.ForeignKey(
        "hosts.HostGroup", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    choices = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "group__name"]
        constraints = [
            models.UniqueConstraint(fields=["name", "group"], name="preset_name_once_a_group"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(group__isnull=True), name="preset_name_once_for_all"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Archive(models.Model):
    """An archive in a host's directory of archives, as last seen. `safe_name` is empty when unknown."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="archives")
    file_name = models.CharField(max_length=255)
    safe_name = models.CharField(max_length=255, blank=True)
    size_bytes = models.PositiveBigIntegerField()
    made_at = models.DateTimeField()
    observed_at = models.DateTimeField()

    class Meta:
        ordering = ["-made_at", "file_name"]
        constraints = [
            models.UniqueConstraint(fields=["host", "file_name"], name="archive_file_once_a_host"),
        ]
        indexes = [models.Index(fields=["host", "safe_name"], name="archive_of_jail")]

    def __str__(self) -> str:
        return self.file_name


class Snapshot(models.Model):
    """A ZFS snapshot of a jail's dataset or of the basejail's, as last seen."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="snapshots")
    dataset = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    used_bytes = models.PositiveBigIntegerField(default=0)
    refer_bytes = models.PositiveBigIntegerField(default=0)
    made_at = models.DateTimeField()
    observed_at = models.DateTimeField()

    class Meta:
        ordering = ["-made_at", "name"]
        constraints = [
            models.UniqueConstraint(fields=["host", "dataset", "name"], name="snapshot_once_a_dataset"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}@{self.name}"


class KeepPolicy(models.Model):
    """For how many days a deleted jail can be had back, on the hosts of a group (none: on all)."""

    group = models.OneToOneField(
        "hosts.HostGroup", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    days = models.PositiveSmallIntegerField(default=14)

    class Meta:
        ordering = ["group__name"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(group__isnull=True), name="keep_policy_once_for_all"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days} days on {self.group_id or 'every host'}"


class KeptJail(models.Model):
    """What was kept of a deleted jail: a dataset under another name, or an archive, until when."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="kept_jails")
    name = models.CharField(max_length=255)
    safe_name = models.CharField(max_length=255)
    place = models.CharField(max_length=1024)
    is_dataset = models.BooleanField()
    config_text = models.TextField()
    fstab_text = models.TextField(blank=True)
    deleted_at = models.DateTimeField()
    keep_until = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-deleted_at"]
        constraints = [
            models.UniqueConstraint(fields=["host", "place"], name="kept_jail_place_once_a_host"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, kept until {self.keep_until:%Y-%m-%d}"
