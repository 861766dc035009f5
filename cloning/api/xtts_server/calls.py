"""How the calls of this dialect are known. Without Django, for the settings."""

ROOT = "xtts"
"""Before the calls, and before a key that stands before them; they have addresses without it, too."""

CALLS = (
    *("speakers", "speakers_list", "languages", "sample", "tts_to_audio", "tts_stream", "tts_to_file"),
    *("get_folders", "get_models_list", "get_tts_settings"),
    *("set_output", "set_speaker_folder", "set_tts_settings", "switch_model"),
)
