"""The rooms of jailpanel; docs/contributors/architecture.md says what each may know."""
