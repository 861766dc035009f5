"""People's programs are told when something has ended (ADR 38)."""
