"""ezjail 3.4.2: ezjail-admin and its rc script, a module for each sub-command."""

from apps.simulator.tools.ezjail import admin, rc

__all__ = ["admin", "rc"]
