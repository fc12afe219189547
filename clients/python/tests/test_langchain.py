from __future__ import annotations

import uuid
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables.history import RunnableWithMessageHistory
from langchain_core.runnables import RunnableLambda
from langchain_tests.integration_tests import RetrieversIntegrationTests

from unimem_client import AsyncUnimem, Unimem
from unimem_client.langchain import UnimemChatMessageHistory, UnimemRetriever


class TestRetriever(RetrieversIntegrationTests):
    """LangChain's own tests of retrievers."""

    @pytest.fixture(autouse=True)
    def filled(self, memory: Unimem) -> None:
        memory.store_many([f"Fact {i} about the staging database." for i in range(5)])
        type(self).filled_client = memory  # type: ignore[attr-defined]

    @property
    def retriever_constructor(self) -> type[UnimemRetriever]:
        return UnimemRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"client": type(self).filled_client}  # type: ignore[attr-defined]

    @property
    def retriever_query_example(self) -> str:
        return "staging database"


def test_documents_come_best_first_with_their_metadata(memory: Unimem) -> None:
    memory.store("Staging runs PostgreSQL 16.", tags=["infra"], metadata={"team": "data"})
    memory.store("Bread is baked on Mondays.")
    first, second = UnimemRetriever(client=memory).invoke("which database does staging use?")
    assert (first.page_content, first.metadata["team"]) == ("Staging runs PostgreSQL 16.", "data")
    assert first.id == first.metadata["content_hash"] and first.metadata["score"] > second.metadata["score"]
    tagged = UnimemRetriever(client=memory, search={"tags": ["infra"]})
    assert len(tagged.invoke("bread")) == 1


async def test_the_retriever_without_blocking(amemory: AsyncUnimem) -> None:
    await amemory.store("Staging runs PostgreSQL 16.")
    (document,) = await UnimemRetriever(async_client=amemory).ainvoke("staging")
    assert document.page_content == "Staging runs PostgreSQL 16."


SAID: list[BaseMessage] = [
    SystemMessage("Be brief."),
    HumanMessage("yes"),
    AIMessage(content="", tool_calls=[{"name": "search", "args": {"q": "x"}, "id": "c1", "type": "tool_call"}]),
    ToolMessage(content="yes", tool_call_id="c1"),
    HumanMessage(content=[{"type": "text", "text": "Look at this"}]),
    HumanMessage("yes"),
    HumanMessage("YES"),
]


def test_a_history_gives_back_what_was_said_in_order_also_what_was_said_twice(memory: Unimem) -> None:
    history = UnimemChatMessageHistory("s1", memory, tags=["chat"])
    history.add_messages(SAID[:4])
    for message in SAID[4:]:
        history.add_message(message)
    assert history.messages == SAID
    other = UnimemChatMessageHistory("s2", memory)
    assert other.messages == []
    other.add_user_message("elsewhere")
    found = memory.search("brief", tags=["chat"], role="system")["results"]
    assert found[0]["memory"]["content"] == "Be brief."
    history.clear()
    assert history.messages == [] and len(other.messages) == 1


async def test_a_history_without_blocking(amemory: AsyncUnimem) -> None:
    history = UnimemChatMessageHistory("s1", async_client=amemory)
    await history.aadd_messages(SAID)
    assert await history.aget_messages() == SAID
    await history.aclear()
    assert await history.aget_messages() == []


def test_langchain_keeps_a_conversation_in_it(memory: Unimem) -> None:
    def answer(messages: list[BaseMessage]) -> AIMessage:
        return AIMessage(f"{len(messages)} messages so far")

    chain = RunnableWithMessageHistory(
        RunnableLambda(answer), lambda session_id: UnimemChatMessageHistory(session_id, memory)
    )
    config: Any = {"configurable": {"session_id": f"s-{uuid.uuid4()}"}}
    assert chain.invoke([HumanMessage("hello")], config).content == "1 messages so far"
    assert chain.invoke([HumanMessage("hello again")], config).content == "3 messages so far"


