"""Client of Unimem's REST API, blocking and for asyncio.

>>> from unimem_client import Unimem
>>> with Unimem("http://127.0.0.1:8000") as memory:  # doctest: +SKIP
...     memory.store("Staging runs PostgreSQL 16.", tags=["infra"])
...     memory.search("which database does staging use?")["results"][0]["memory"]["content"]
'Staging runs PostgreSQL 16.'
"""

from . import models
from ._async_client import AsyncUnimem
from ._client import Unimem
from ._core import METHODS, Event, Recalled
from ._operations import OPERATIONS
from ._version import __version__
from .errors import (
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnavailableError,
    UnimemError,
)

__all__ = [
    "METHODS",
    "OPERATIONS",
    "AsyncUnimem",
    "AuthenticationError",
    "ConflictError",
    "ConnectionFailedError",
    "Event",
    "InvalidRequestError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "Recalled",
    "UnavailableError",
    "Unimem",
    "UnimemError",
    "__version__",
    "models",
]
