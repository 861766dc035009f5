"""Gunicorn's configuration for a web server that knows the engine that only waits: read before the application is."""

from benchmarks import shifted_clock, waiting_engine

shifted_clock.shift()
waiting_engine.register()
