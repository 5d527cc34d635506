"""The leak guard: jails whose “localhost” is a public address, and the way to mend them."""
