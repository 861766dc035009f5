from cloning.jobs import pipeline, state
from cloning.models import Generation


def perform(generation: Generation) -> Generation:
    """Does the whole job, with the real engine, as a worker process does."""
    assert state.claim(generation)
    pipeline.perform(generation, pipeline.reporter(generation))
    return generation
