"""The Django project: settings, URLs, the ASGI entry and the Celery application."""
