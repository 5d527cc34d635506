"""What `manage.py jobs` does: one module a verb, each of which takes a console and returns an exit status."""
