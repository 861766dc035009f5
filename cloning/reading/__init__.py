"""Books as people have them, read into chapters of plain text: by a process of its own, as they are hostile.

`read_document` starts it; nothing else here is run in the site's own processes.
"""

from cloning.reading.document import Chapter, Cover, Cue, Document
from cloning.reading.starting import SUFFIXES, read_document

__all__ = ["SUFFIXES", "Chapter", "Cover", "Cue", "Document", "read_document"]
