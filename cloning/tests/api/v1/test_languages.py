"""GET /api/v1/languages"""

from cloning.text import LANGUAGES


def test_languages(api) -> None:
    results = api.get("/api/v1/languages").json()["results"]
    assert [found["code"] for found in results] == list(LANGUAGES)
    assert {"code": "en", "name": "English"} in results
    assert len(results) == 17
