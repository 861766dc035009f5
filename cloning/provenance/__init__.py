"""How a file of ours was made, as its tags and its C2PA manifest say it, and what manifests of other files say."""

from cloning.provenance.manifests import SIGNED_SUFFIXES, Credentials, SigningError, sign
from cloning.provenance.origin import Origin, VoiceKind

__all__ = ["SIGNED_SUFFIXES", "Credentials", "Origin", "SigningError", "VoiceKind", "sign"]
