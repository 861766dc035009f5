"""The Wyoming protocol, by which Home Assistant finds voices and has them speak (ADR 43)."""

USUAL_PORT = 10200
"""Where programs look for speech by habit."""
