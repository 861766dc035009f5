"""The admin: the rows, and what is known of accounts besides Django's own."""

from cloning.admin import accounts, audit, books, consents, people, rows, segments  # noqa: F401  # each registers its models
