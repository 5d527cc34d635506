"""What the update mirror said of a release, last."""

from __future__ import annotations

from django.db import models


class ReleaseUpdate(models.Model):
    """The newest patch level of a release on one kind of machine, as FreeBSD signed it.

    `checked_at` says when the mirror last answered; `problem` why it did not at `tried_at`. What it said
    before stays.
    """

    release = models.CharField(max_length=64)
    arch = models.CharField(max_length=16)
    patch = models.PositiveSmallIntegerField(null=True)
    eol_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField()
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["release", "arch"]
        constraints = [
            models.UniqueConstraint(fields=["release", "arch"], name="release_update_once"),
        ]

    def __str__(self) -> str:
        return f"{self.release} on {self.arch}: p{self.patch}"


class ReleaseManifest(models.Model):
    """The MANIFEST of a release for one kind of machine: which sets it has, and what each must hash to.

    `fetched_at` says when the mirror last gave it; `problem` why it did not at `tried_at`. What it gave
    before stays.
    """

    release = models.CharField(max_length=64)
    machine = models.CharField(max_length=16)
    folder = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    fetched_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField()
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["release", "machine"]
        constraints = [
            models.UniqueConstraint(fields=["release", "machine"], name="release_manifest_once"),
        ]

    def __str__(self) -> str:
        return f"{self.release} on {self.machine}"
