"""What rooms that know no languages say in English, in the language of the page."""


def in_page_language(message: str) -> str:
    return message
