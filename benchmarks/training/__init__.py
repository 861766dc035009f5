"""The scripts that made the tables in `cloning/engines/preview/data/`."""
