"""Public keys that a host might show."""

from __future__ import annotations

FIRST = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHhMWNXTuxoFqQRFhDlUHBxTIPmXNnY7MjbbgyNLpLxi"
SECOND = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
