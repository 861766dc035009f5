import pytest

from cloning.tests.text import hostile
from cloning.text import cleaning, normalize


def test_lines_wrapped_by_a_program_are_one_paragraph():
    wrapped = (
        "This line was wrapped at some column by a mail program so\nthat the sentence goes on here.\nNew one."
    )
    assert normalize(wrapped, "en").count("\n\n") == 1


@pytest.mark.parametrize("sign", ["…", "ﷺ", "½", "㎯", "⒙", "㍿", "&#65018;", "a⁇"])
def test_cleaning_at_most_doubles_a_text(sign: str) -> None:
    text = hostile.fill(sign)
    assert len(cleaning.clean_characters(text)) <= 2 * len(text) + cleaning.MAX_EXTRA_CHARS


def test_signs_are_written_out_where_a_text_has_other_words_too() -> None:
    honoured = "قال النبي ﷺ في الحديث الشريف. "
    assert normalize(honoured * 300, "ar").count("صلى الله عليه وسلم") == 300
    assert normalize("ﷺ" * 20, "ar").count("صلى الله عليه وسلم") == 20
