"""Presets: named choices for new jails, for the hosts of a group or for all."""
