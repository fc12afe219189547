"""An agent that knows its user in every new conversation: what is worth keeping goes into LangGraph's store, which is
Unimem, and each answer begins with a search of it.

    python agent.py "My favourite food is pizza."
    python agent.py "What do I like to eat?"
"""

from __future__ import annotations

import os
import sys
import uuid

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.store.base import BaseStore

from unimem_client.langgraph import UnimemStore


def model(question: str, notes: list[str]) -> AIMessage:
    """Stands in for a model: says what it was given. Put your own here, e.g. ChatAnthropic."""
    return AIMessage(f"I remember: {' '.join(notes)}" if notes else f"I know nothing about: {question}")


def answer(state: MessagesState, config: RunnableConfig, *, store: BaseStore) -> dict[str, list[AIMessage]]:
    said = str(state["messages"][-1].content)
    namespace = ("users", config["configurable"]["user"])
    # A real agent would let its model decide what is worth keeping.
    if not said.endswith("?"):
        store.put(namespace, str(uuid.uuid4()), {"text": said})
        return {"messages": [AIMessage("I'll keep that in mind.")]}
    found = store.search(namespace, query=said, limit=1)
    return {"messages": [model(said, [item.value["text"] for item in found])]}


def main(question: str = "What do I like to eat?", user: str = "alice") -> None:
    store = UnimemStore(
        os.environ.get("UNIMEM_URL", "http://127.0.0.1:8000"),
        key=os.environ.get("UNIMEM_API_KEY"),
        space="example-langgraph-python",
    )
    builder = StateGraph(MessagesState)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    graph = builder.compile(store=store)
    result = graph.invoke({"messages": [HumanMessage(question)]}, {"configurable": {"user": user}})
    print(result["messages"][-1].content)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
