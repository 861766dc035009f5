"""Workers of many machines, dispatched by Celery. Imported only where CELERY_BROKER_URL is set (ADR 32)."""
