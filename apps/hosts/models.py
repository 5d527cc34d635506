"""Hosts and what was last seen on them."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone


class ChannelKind(models.TextChoices):
    """How the panel reaches a host."""

    SSH = "ssh", "SSH"
    DOAS = "doas", "this machine, through doas"
    SUDO = "sudo", "this machine, through sudo"


class HostState(models.TextChoices):
    """What the last try to reach a host came to."""

    NEW = "new", "being added"
    UNVERIFIED = "unverified", "key not confirmed"
    ONLINE = "online", "online"
    UNREACHABLE = "unreachable", "unreachable"
    KEY_CHANGED = "key_changed", "host key changed"
    REFUSED = "refused", "access refused"
    AGENT_MISSING = "agent_missing", "agent missing"
    UNREADABLE = "unreadable", "answer not understood"


# Nothing is sent to a host in these states, and only a person, or its key, takes it out of them.
KEY_IN_DOUBT = (HostState.NEW, HostState.UNVERIFIED, HostState.KEY_CHANGED)


class HostGroup(models.Model):
    """A label on hosts that policies and schedules can name."""

    name = models.CharField(max_length=63, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Host(models.Model):
    """A FreeBSD machine.

    `host_key` is the pinned public key; `offered_key` is one that the host showed and nobody has
    confirmed yet: nothing is sent to a host while its state is UNVERIFIED or KEY_CHANGED.
    Facts hold what the last whole probe said; `seen_at` says when that was.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=63, unique=True)
    group = models.ForeignKey(
        HostGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="hosts"
    )
    channel = models.CharField(max_length=8, choices=ChannelKind.choices, default=ChannelKind.SSH)
    address = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(
        default=22, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    user = models.CharField(max_length=32, default="root")
    host_key = models.TextField(blank=True)
    offered_key = models.TextField(blank=True)
    state = models.CharField(max_length=16, choices=HostState.choices, default=HostState.NEW)
    state_reason = models.TextField(blank=True)
    added_at = models.DateTimeField(auto_now_add=True)
    tried_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    boot_at = models.DateTimeField(null=True)
    release = models.CharField(max_length=64, blank=True)
    agent_checksum = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["address", "port"], condition=Q(channel="ssh"), name="host_address_once"
            ),
            models.CheckConstraint(condition=Q(state__in=HostState.values), name="host_state_is_known"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the host's page."""
        return reverse("web:host-detail", args=[self.pk])

    @property
    def is_local(self) -> bool:
        """Whether it is the panel's own machine."""
        return self.channel != ChannelKind.SSH

    @property
    def is_online(self) -> bool:
        """Whether the last try reached it."""
        return self.state == HostState.ONLINE

    @property
    def may_be_contacted(self) -> bool:
        """Whether anything may be sent to it: not before its key is confirmed, not after it changed."""
        return self.state not in KEY_IN_DOUBT

    @property
    def uptime(self) -> timedelta | None:
        """How long it had been up when it was last seen."""
        return self.seen_at - self.boot_at if self.seen_at and self.boot_at else None

    @property
    def is_stale(self) -> bool:
        """Whether what we know is older than ten minutes."""
        return self.seen_at is None or timezone.now() - self.seen_at > timedelta(minutes=10)
