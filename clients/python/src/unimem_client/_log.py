"""A conversation as memories: one for each message, in order, so that it is searched like everything else.

What only the framework needs stands in the metadata; the words are the memory's content.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ._steps import Steps, ask, pages

BATCH = 500
"""Messages that are stored or deleted in one call."""


class Turn(NamedTuple):
    """A message of a conversation."""

    role: str
    """``user``, ``assistant``, ``system`` or ``tool``."""
    text: str
    """Its words; a message without any is described in a few."""
    data: dict[str, Any]
    """The message as its framework writes it."""


class Stored(NamedTuple):
    """A message that was read back."""

    content_hash: str
    text: str
    data: dict[str, Any]


def add(source: str, conversation_id: str, turns: Sequence[Turn], tags: Sequence[str] = ()) -> Steps[None]:
    for start in range(0, len(turns), BATCH):
        yield from _add(source, conversation_id, turns[start : start + BATCH], tags)


def _add(source: str, conversation_id: str, turns: Sequence[Turn], tags: Sequence[str]) -> Steps[None]:
    begun = time.time_ns() // 1000
    memories: list[dict[str, Any]] = [
        {
            "content": turn.text,
            "conversation_id": conversation_id,
            "memory_type": "message",
            "tags": list(tags),
            "metadata": {
                "source": source,
                "role": turn.role,
                "message_id": uuid.uuid4().hex,
                "position": begun + index,
                "message": turn.data,
            },
        }
        for index, turn in enumerate(turns)
    ]
    answer = yield ask("storeMemories", body={"memories": memories})
    # The same words are one memory to the service. Said again, they get a mark that makes them another one.
    again = [memory for memory, result in zip(memories, answer["results"]) if result.get("duplicate")]
    if again:
        marked = [{**memory, "content": memory["content"] + _mark(memory["metadata"])} for memory in again]
        yield ask("storeMemories", body={"memories": marked})


def _mark(metadata: Mapping[str, Any]) -> str:
    return f"\n\n[message {metadata['message_id']}]"


def read(source: str, conversation_id: str) -> Steps[list[Stored]]:
    """All messages, first said first."""
    found = yield from pages("listMemories", {"conversation_id": conversation_id, "order": "time"})
    own = [memory for memory in found if memory["metadata"].get("source") == source and "message" in memory["metadata"]]
    own.sort(key=lambda memory: memory["metadata"]["position"])
    return [
        Stored(memory["content_hash"], memory["content"].removesuffix(_mark(memory["metadata"])), memory["metadata"]["message"])
        for memory in own
    ]


def remove(stored: Sequence[Stored], *, permanent: bool) -> Steps[None]:
    for start in range(0, len(stored), BATCH):
        hashes = [message.content_hash for message in stored[start : start + BATCH]]
        yield ask("deleteMemories", body={"content_hashes": hashes, "permanent": permanent})


def clear(source: str, conversation_id: str, *, permanent: bool) -> Steps[None]:
    stored = yield from read(source, conversation_id)
    yield from remove(stored, permanent=permanent)
