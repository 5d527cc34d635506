"""A small POSIX shell in a simulated host: it sees that host's files and programs, and no others."""
