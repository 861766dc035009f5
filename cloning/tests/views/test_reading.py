import pytest
from django.test import Client

from cloning.text.reading_scripts import READING_SCRIPTS


@pytest.mark.parametrize(
    ("asked", "shown", "direction"),
    [("de", "de", "ltr"), ("ar", "ar", "rtl"), ("", "en", "ltr"), ("<b>", "en", "ltr")],
)
def test_text_to_read_in_the_language_asked_for(
    client: Client, asked: str, shown: str, direction: str
) -> None:
    response = client.get("/reading-script/", {"language": asked})
    assert f'<p lang="{shown}" dir="{direction}">' in response.content.decode()
    assert READING_SCRIPTS[shown][:30] in response.content.decode()
    assert "max-age" in response["Cache-Control"]
