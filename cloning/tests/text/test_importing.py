import subprocess
import sys


def test_importing_text_brings_neither_torch_nor_django():
    code = "import sys, cloning.text; assert not {'torch', 'TTS', 'django'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
