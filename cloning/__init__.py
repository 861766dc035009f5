"""Voice cloning. Importing any part of it keeps what it is built on from reporting its use to anybody."""

import os

# Libraries look at these while they are imported. onnxruntime would send Microsoft a device id, the interpreter's path
# and what the models are; huggingface_hub would tell the hub what else is installed here. An operator who wants that
# sets them to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
