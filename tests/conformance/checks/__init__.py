"""The checks, in the order in which they run."""

from . import (  # noqa: F401
    protocol,
    agents,
    environments,
    memory_stores,
    memories,
    memory_versions,
    sessions,
    resources,
    events,
    tools,
    outcomes,
    threads,
    dreams,
)
