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
