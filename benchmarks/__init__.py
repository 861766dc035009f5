"""Measurements, and the scripts that made data. Each module says how it is run."""

import cloning  # noqa: F401  # before a benchmark imports onnxruntime or huggingface_hub: it turns their telemetry off
