"""RACCT and RCTL of a simulated kernel: who uses what, and its limits."""
