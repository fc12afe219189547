"""The service that the tests use: the address in UNIMEM_URL, a space for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from unimem_client import AsyncUnimem, Unimem


@pytest.fixture(scope="session")
def url() -> str:
    address = os.environ.get("UNIMEM_URL")
    if not address:
        pytest.fail("Cannot test without a service: set UNIMEM_URL to its address")
    return address


@pytest.fixture
def space() -> str:
    return f"test-{uuid.uuid4()}"


@pytest.fixture
def memory(url: str, space: str) -> Iterator[Unimem]:
    with Unimem(url, space=space) as client:
        yield client


@pytest_asyncio.fixture
async def amemory(url: str, space: str) -> AsyncIterator[AsyncUnimem]:
    async with AsyncUnimem(url, space=space) as client:
        yield client
