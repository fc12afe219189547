"""LangChain over Unimem: a retriever, and the history of a chat. Needs ``pip install unimem-client[langchain]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage, message_to_dict, messages_from_dict
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from . import _log
from ._async_client import AsyncUnimem
from ._client import Unimem
from ._log import Turn
from ._steps import arun, run

SOURCE = "langchain"
ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "tool"}


class UnimemRetriever(BaseRetriever):
    """Memories as documents, best first. Metadata holds ``content_hash``, ``score``, ``relevance`` and the memory's own."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    client: Unimem | None = None
    """For ``invoke``."""
    async_client: AsyncUnimem | None = None
    """For ``ainvoke``; without it the blocking one works in a thread."""
    k: int = 4
    """Most documents."""
    search: dict[str, Any] = Field(default_factory=dict)
    """Further fields of a search, such as ``tags`` or ``min_relevance``."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        if self.client is None:
            raise ValueError("Cannot retrieve: the retriever has no client; give it one, or use ainvoke")
        return _documents(self.client.search(query, **self._arguments(kwargs)))

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        if self.async_client is None:
            return await super()._aget_relevant_documents(query, run_manager=run_manager, **kwargs)
        return _documents(await self.async_client.search(query, **self._arguments(kwargs)))

    def _arguments(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        more = dict(kwargs)
        return {"limit": more.pop("k", self.k), **self.search, **more}


def _documents(results: Any) -> list[Document]:
    return [
        Document(
            id=hit["memory"]["content_hash"],
            page_content=hit["memory"]["content"],
            metadata={
                **hit["memory"]["metadata"],
                "content_hash": hit["memory"]["content_hash"],
                "tags": hit["memory"]["tags"],
                "score": hit["similarity_score"],
                "relevance": hit.get("relevance"),
            },
        )
        for hit in results["results"]
    ]


class UnimemChatMessageHistory(BaseChatMessageHistory):
    """The messages of a session, each a memory of the conversation ``session_id``.

    :param client: For the blocking methods.
    :param async_client: For the others; without it the blocking ones work in a thread.
    :param permanent: Whether ``clear`` deletes for good, instead of into the trash.
    """

    def __init__(
        self,
        session_id: str,
        client: Unimem | None = None,
        *,
        async_client: AsyncUnimem | None = None,
        tags: Sequence[str] = (),
        permanent: bool = False,
    ) -> None:
        self.session_id = session_id
        self._client = client
        self._async_client = async_client
        self._tags = tuple(tags)
        self._permanent = permanent

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]
        return _messages(run(_log.read(SOURCE, self.session_id), self._blocking))

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        run(_log.add(SOURCE, self.session_id, [_turn(message) for message in messages], self._tags), self._blocking)

    def clear(self) -> None:
        run(_log.clear(SOURCE, self.session_id, permanent=self._permanent), self._blocking)

    async def aget_messages(self) -> list[BaseMessage]:
        if self._async_client is None:
            return await super().aget_messages()
        return _messages(await arun(_log.read(SOURCE, self.session_id), self._async_client))

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        if self._async_client is None:
            return await super().aadd_messages(messages)
        turns = [_turn(message) for message in messages]
        await arun(_log.add(SOURCE, self.session_id, turns, self._tags), self._async_client)

    async def aclear(self) -> None:
        if self._async_client is None:
            return await super().aclear()
        await arun(_log.clear(SOURCE, self.session_id, permanent=self._permanent), self._async_client)

    @property
    def _blocking(self) -> Unimem:
        if self._client is None:
            raise ValueError("Cannot read or write the history: it has no client; give it one, or use the async methods")
        return self._client


def _turn(message: BaseMessage) -> Turn:
    data: dict[str, Any] = message_to_dict(message)
    text = message.content if isinstance(message.content, str) else ""
    if text.strip() != "":
        # The words are the memory's content; they needn't stand there twice.
        data = {**data, "data": {name: value for name, value in data["data"].items() if name != "content"}}
    else:
        calls = ", ".join(call["name"] for call in getattr(message, "tool_calls", []))
        words = " ".join(str(part.get("text", "")) for part in message.content if isinstance(part, dict)).strip()
        text = words or (f"(calls {calls})" if calls else f"({message.type} message without text)")
    return Turn(ROLES.get(message.type, "user"), text, data)


def _messages(stored: Sequence[_log.Stored]) -> list[BaseMessage]:
    return messages_from_dict(
        [
            {**message.data, "data": {"content": message.text, **message.data["data"]}}
            for message in stored
        ]
    )
