"""The dialect of xtts-api-server, which SillyTavern's page speaks among others (ADR 41)."""
