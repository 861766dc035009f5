"""The embedded engine: speech without any downloaded weights. A preview of the voice, not a clone."""

from cloning.engines.preview.engine import PreviewEngine

__all__ = ["PreviewEngine"]
