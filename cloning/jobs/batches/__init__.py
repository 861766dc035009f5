"""Many texts that are handed in together (ADR 39)."""
