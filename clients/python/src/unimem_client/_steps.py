"""Adapters as steps: generators that ask for calls and get their answers, so that one text serves both clients."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeVar

from ._async_client import AsyncUnimem
from ._client import Unimem

T = TypeVar("T")


class Ask(NamedTuple):
    """A call that a generator wants answered."""

    id: str
    parts: dict[str, Any]


Steps = Generator[Ask, Any, T]


def ask(operation_id: str, **parts: Any) -> Ask:
    return Ask(operation_id, parts)


def run(steps: Steps[T], client: Unimem) -> T:
    """Answers the calls one after the other, and gives the result."""
    try:
        wanted = next(steps)
        while True:
            try:
                answer = client.call(wanted.id, **wanted.parts)
            except Exception as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result


async def arun(steps: Steps[T], client: AsyncUnimem) -> T:
    """As :func:`run`, for asyncio."""
    try:
        wanted = next(steps)
        while True:
            try:
                answer = await client.call(wanted.id, **wanted.parts)
            except Exception as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result


def pages(operation_id: str, query: dict[str, Any], *, size: int = 100) -> Steps[list[Any]]:
    """All memories of a listing."""
    found: list[Any] = []
    page = 1
    while True:
        answer = yield ask(operation_id, query={**query, "page": page, "page_size": size})
        found += answer["memories"]
        if not answer["has_more"]:
            return found
        page += 1
