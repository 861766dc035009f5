"""In whose words an error is told that no view answers with."""

from cloning.api.http import Respond, error_response
from cloning.api.openai import errors as openai
from cloning.api.xtts_server import errors as xtts_server
from cloning.api.xtts_server.calls import CALLS, ROOT


def respond_at(path: str) -> Respond:
    """For an address of the API, or of a dialect of it."""
    first = path.partition("/")[2].partition("/")[0]
    if first == "v1":
        return openai.respond
    return xtts_server.respond if first == ROOT or first in CALLS else error_response
