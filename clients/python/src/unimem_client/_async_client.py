"""The client for asyncio."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import IO, Any, cast

import httpx

from . import models
from ._core import MAX_QUERY, Call, Event, EventParser, Recalled, Settings, decode, notes, prepare, wait_before_retry
from .errors import ConnectionFailedError, NotFoundError, RateLimitError, UnavailableError

FIRST_SILENCE = 180.0
"""Seconds without a line after which an event stream's first connection counts as broken."""


class AsyncUnimem:
    """A Unimem service. Use it in a ``with`` block, or close it, so that its connections end.

    :param url: Base address of the REST server. A path before ``/api`` is kept.
    :param key: API key, sent as ``Authorization: Bearer``.
    :param space: Space to write to; others to read besides it follow after commas. The key's own without it.
    :param agent_id: Who calls, for memories stored without an ``agent_id``.
    :param retries: Tries after the first of what may be repeated; 0 for none.
    :param timeout: Seconds that an answer may take, each try on its own.
    :param headers: Headers of every request.
    :param transport: Replaces httpx's own, e.g. for a proxy or a test.
    :raises ValueError: when ``url`` is no address.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        space: str | None = None,
        agent_id: str | None = None,
        retries: int = 3,
        timeout: float = 30.0,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = Settings(url, key, space, agent_id, retries, timeout, headers or {})
        self._http = httpx.AsyncClient(transport=transport)

    def in_space(self, *spaces: str) -> AsyncUnimem:
        """The same service, over the same connections, with another space for writing and further ones for reading."""
        other = AsyncUnimem.__new__(AsyncUnimem)
        other._settings = self._settings.in_space(*spaces)
        other._http = self._http
        return other

    async def __aenter__(self) -> AsyncUnimem:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends the connections. Idempotent."""
        await self._http.aclose()

    async def call(self, operation_id: str, **parts: Any) -> Any:
        """Calls an operation by the name that the OpenAPI document gives it, such as ``mergeDuplicates``.

        :param parts: ``path``, ``query`` and ``body``; ``files`` for forms; ``headers`` and ``timeout``.
        :raises UnimemError:
        """
        call = prepare(self._settings, operation_id, **parts)
        response = await self._send(call)
        return decode(call, response)

    async def _send(self, call: Call, *, stream: bool = False) -> httpx.Response:
        tried = 0
        while True:
            tried += 1
            response: httpx.Response | None = None
            cause: Exception | None = None
            try:
                response = await self._http.send(self._http.build_request(**call.request), stream=stream)
            except httpx.HTTPError as error:
                cause = error
            if response is not None and response.is_success:
                return response
            wait = wait_before_retry(call, self._settings, tried, response)
            if wait is None:
                if response is None:
                    words = "no answer in time" if isinstance(cause, httpx.TimeoutException) else "no answer"
                    raise ConnectionFailedError(f"Cannot {call.id} at {self._settings.url}: {words}") from cause
                if stream:
                    await response.aread()
                    await response.aclose()
                decode(call, response)
            if stream and response is not None:
                await response.aclose()
            await asyncio.sleep(wait or 0)

    async def store(
        self,
        content: str,
        *,
        tags: Sequence[str] = (),
        memory_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> models.StoreResult:
        """Stores a memory. One that is there already stays as it is; the answer then has ``duplicate: True``.

        :param more: Further fields of ``models.NewMemory``.
        """
        body = {"content": content, "tags": list(tags), "memory_type": memory_type, "metadata": metadata or {}, **more}
        return cast(models.StoreResult, await self.call("storeMemory", body=body))

    async def store_many(self, memories: Sequence[str | models.NewMemory]) -> models.BatchResult:
        """Stores up to 1,000 memories in one transaction, with a result for each in order."""
        items = [{"content": memory} if isinstance(memory, str) else memory for memory in memories]
        return cast(models.BatchResult, await self.call("storeMemories", body={"memories": items}))

    async def search(self, query: str, *, limit: int = 10, **more: Any) -> models.SearchResults:
        """Searches by meaning and by words; best first.

        :param more: Further fields of ``models.SearchRequest``, such as ``tags`` or ``min_relevance``.
        """
        body = {"query": query, "page_size": limit, **more}
        return cast(models.SearchResults, await self.call("search", body=body))

    async def search_by_tag(self, tags: Sequence[str], **more: Any) -> models.SearchResults:
        """Finds memories by their tags, newest first."""
        return cast(models.SearchResults, await self.call("searchByTag", body={"tags": list(tags), **more}))

    async def search_by_time(self, period: str, **more: Any) -> models.TimeSearchResults:
        """Finds memories by when they were stored: ``last week``, ``March 2025``."""
        return cast(models.TimeSearchResults, await self.call("searchByTime", body={"query": period, **more}))

    async def similar(self, content_hash: str, **query: Any) -> models.SearchResults:
        """Memories similar to one."""
        path = {"content_hash": content_hash}
        return cast(models.SearchResults, await self.call("searchSimilar", path=path, query=query))

    async def recall(
        self,
        prompt: str,
        *,
        limit: int = 8,
        max_characters: int = 2800,
        min_relevance: float | str = "auto",
        without: Sequence[str] = (),
        tags: Sequence[str] | None = None,
    ) -> Recalled:
        """What fits a prompt, as text for the model's context. Only what is likely to help comes, so it is often empty.

        :param without: Keys of memories that the model has been given already.
        """
        query = prompt[:MAX_QUERY].strip()
        if query == "":
            return Recalled("", [])
        more: dict[str, Any] = {} if tags is None else {"tags": list(tags)}
        size = min(100, limit + len(without))
        found = await self.search(query, limit=size, min_relevance=min_relevance, **more)
        known = set(without)
        fitting = [hit for hit in found["results"] if hit["memory"]["content_hash"] not in known][:limit]
        return notes(fitting, max_characters, uuid.uuid4().hex[:12])

    async def get(self, content_hash: str) -> models.Memory | None:
        """A memory by its ``content_hash`` or the first ten digits of it; None where there is none."""
        try:
            return cast(models.Memory, await self.call("getMemory", path={"content_hash": content_hash}))
        except NotFoundError:
            return None

    async def list(self, **query: Any) -> models.MemoryPage:
        """A page of memories, newest first."""
        return cast(models.MemoryPage, await self.call("listMemories", query=query))

    async def all(self, **query: Any) -> AsyncGenerator[models.Memory, None]:
        """All memories that pass a filter, page by page, each once. What is stored meanwhile may be left out."""
        seen: set[str] = set()
        page = 0
        more = True
        while more:
            page += 1
            found = await self.list(**{"page_size": 100, **query, "page": page})
            more = found["has_more"]
            for memory in found["memories"]:
                if memory["content_hash"] not in seen:
                    seen.add(memory["content_hash"])
                    yield memory

    async def update(self, content_hash: str, **changes: Any) -> models.UpdateResult:
        """Changes a memory's tags, type, metadata or times. The content never changes: see :meth:`supersede`."""
        path = {"content_hash": content_hash}
        return cast(models.UpdateResult, await self.call("updateMemory", path=path, body=changes))

    async def update_many(self, updates: Sequence[Mapping[str, Any]]) -> models.BatchChange:
        """Changes many memories; each update names its ``content_hash``."""
        return cast(models.BatchChange, await self.call("updateMemories", body={"updates": [*updates]}))

    async def tag_many(
        self, content_hashes: Sequence[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> models.BatchChange:
        """Adds tags to many memories, or takes them off."""
        body = {"content_hashes": [*content_hashes], "add_tags": [*add], "remove_tags": [*remove]}
        return cast(models.BatchChange, await self.call("tagMemories", body=body))

    async def delete(self, content_hash: str, *, permanent: bool = False) -> models.DeleteResult:
        """Deletes a memory; it goes to the trash unless ``permanent``."""
        path, query = {"content_hash": content_hash}, {"permanent": permanent}
        return cast(models.DeleteResult, await self.call("deleteMemory", path=path, query=query))

    async def delete_many(self, content_hashes: Sequence[str], *, permanent: bool = False) -> models.BatchChange:
        """Deletes many memories."""
        body = {"content_hashes": [*content_hashes], "permanent": permanent}
        return cast(models.BatchChange, await self.call("deleteMemories", body=body))

    async def relations(self, content_hash: str) -> models.Relations:
        """What a memory is linked with."""
        return cast(models.Relations, await self.call("listRelations", path={"content_hash": content_hash}))

    async def relate(self, source: str, target: str, relation_type: str = "relates_to") -> models.RelationChange:
        """Links two memories."""
        body = {"target_hash": target, "relation_type": relation_type}
        return cast(models.RelationChange, await self.call("addRelation", path={"content_hash": source}, body=body))

    async def supersede(self, older: str, newer: str, reason: str = "") -> models.Supersession:
        """Says that a newer memory takes the place of an older one, which is then no longer found."""
        body = {"new_hash": newer, "reason": reason}
        return cast(models.Supersession, await self.call("supersedeMemory", path={"content_hash": older}, body=body))

    async def tags(self) -> models.Tags:
        """The tags in use, most used first."""
        return cast(models.Tags, await self.call("listTags"))

    async def briefing(self) -> models.Briefing:
        """What an agent should know when a session starts."""
        return cast(models.Briefing, await self.call("briefing"))

    async def upload(self, name: str, file: IO[bytes] | bytes, *, tags: Sequence[str] = ()) -> models.UploadQueued:
        """Takes a document in; ``call("getUploadStatus", path={"upload_id": …})`` follows it."""
        body = {"tags": ",".join(tags)} if tags else {}
        return cast(models.UploadQueued, await self.call("uploadDocument", body=body, files={"file": (name, file)}))

    async def events(
        self,
        *,
        types: Sequence[str] = (),
        tags: Sequence[str] = (),
        last_event_id: str | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Events as they happen. After a break it comes back with the last id, so that nothing is lost that the service
        still keeps; ``events_missed`` says so where something is not.

        :raises UnimemError: when the service refuses, or can't be reached at the first try.
        """
        parser = EventParser()
        parser.last_id = last_event_id
        opened = False
        query = {"types": ",".join(types) or None, "tag": list(tags)}
        while True:
            headers = {} if parser.last_id is None else {"last-event-id": parser.last_id}
            wait = parser.retry
            try:
                call = prepare(self._settings, "streamEvents", query=query, headers=headers)
                # How often a sign of life comes is only known from the greeting on.
                limit = httpx.Timeout(self._settings.timeout, read=parser.silence or FIRST_SILENCE)
                call.request["timeout"] = limit
                response = await self._send(call, stream=True)
                try:
                    opened = True
                    async for line in response.aiter_lines():
                        event = parser.line(line)
                        if event is not None:
                            yield event
                finally:
                    await response.aclose()
            except (ConnectionFailedError, UnavailableError, RateLimitError) as error:
                if not opened:
                    raise
                wait = max(parser.retry, error.retry_after or 0)
            except httpx.HTTPError:
                wait = parser.retry
            parser.forget()
            await asyncio.sleep(wait)

    async def spaces(self) -> models.Spaces:
        """The spaces there are; needs an admin's key of all spaces."""
        return cast(models.Spaces, await self.call("listSpaces"))

    async def whoami(self) -> models.Whoami:
        """Who the key is, and what it may do."""
        return cast(models.Whoami, await self.call("whoami"))

    async def health(self) -> models.Liveness:
        """Whether the service lives."""
        return cast(models.Liveness, await self.call("health"))
