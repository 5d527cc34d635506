"""What is done again and again: when, on what, with whose rights, and what the last time came to."""
