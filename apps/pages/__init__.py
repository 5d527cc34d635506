"""How pages are made: lists, forms and answers to htmx. Below every app, so that all views may use it."""
