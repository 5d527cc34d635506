"""What a preset says, in a few words each."""

from __future__ import annotations

from apps.hosts.models import Host
from apps.jails.models import JailPreset
from apps.jails.new_rules import makes_datasets
from apps.jails.queries import host_flavours

_STORAGE = {"zfs": "a dataset of its own", "image": "an image file", "eli": "an encrypted image file"}
_VALUES = ("size", "parent", "quota", "reservation", "compression", "cpuset", "fib")
_LABELS = {"parent": "below", "cpuset": "CPUs", "fib": "routing table"}
_SWITCHES = {
    "keep_snapshot": "keeps its first snapshot",
    "clean_stop": "ends its services when it stops",
    "start": "starts at once",
    "norun": "does not start at boot",
    "blocking": "is passed over at boot",
}


def missing_of(host: Host, preset: JailPreset) -> list[str]:
    """Return a sentence for each thing of a preset that a host does not have."""
    choices, there = preset.choices, host_flavours(host)
    flavours = filter(None, [choices.get("flavour", ""), *choices.get("more_flavours", [])])
    lacking = [
        f"{host.name} has no flavour {name}, which the preset asks for."
        for name in flavours
        if name not in there
    ]
    if choices.get("storage") == "zfs" and not makes_datasets(host):
        lacking.append(f"{host.name} can make no jail a dataset, which the preset asks for.")
    return lacking


def in_words(preset: JailPreset) -> list[str]:
    """Return what a new jail has with a preset."""
    choices = preset.choices
    flavours = [choices.get("flavour", ""), *choices.get("more_flavours", [])]
    named = " ".join(filter(None, flavours))
    words = [f"flavour {named}"] if named else []
    if storage := _STORAGE.get(choices.get("storage", "")):
        words.append(storage)
    words += [f"{_LABELS.get(name, name)} {choices[name]}" for name in _VALUES if choices.get(name)]
    words += [str(choices["parameters"])] if choices.get("parameters") else []
    return words + [said for name, said in _SWITCHES.items() if choices.get(name)]
