"""What the web process loads."""

import subprocess
import sys


def test_web_process_loads_no_model() -> None:
    code = (
        "import sys, django; django.setup()\n"
        "import cloning.urls, cloning.admin, cloning.api.openapi, voiceclone_site.asgi\n"
        "sys.exit(' '.join({'torch', 'TTS', 'transformers', 'torchaudio'} & set(sys.modules)) or 0)"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "voiceclone_site.settings", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
