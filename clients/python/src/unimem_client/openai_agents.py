"""Sessions of the OpenAI Agents SDK in Unimem. Needs ``pip install unimem-client[openai-agents]``."""

from __future__ import annotations

from typing import Any

from agents.items import TResponseInputItem
from agents.memory.session import SessionABC

from . import _log
from ._async_client import AsyncUnimem
from ._log import Turn
from ._steps import arun

SOURCE = "openai-agents"


class UnimemSession(SessionABC):
    """The items of a session, each a memory of the conversation ``session_id``.

    :param permanent: Whether items are deleted for good, instead of into the trash.
    """

    session_settings: Any = None

    def __init__(self, session_id: str, client: AsyncUnimem, *, permanent: bool = False) -> None:
        self.session_id = session_id
        self._client = client
        self._permanent = permanent

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """The latest items, in order; all of them without a limit."""
        stored = await arun(_log.read(SOURCE, self.session_id), self._client)
        shown = stored if limit is None else stored[max(0, len(stored) - limit) :]
        return [message.data["item"] for message in shown]

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        turns = [_turn(dict(item)) for item in items]
        await arun(_log.add(SOURCE, self.session_id, turns), self._client)

    async def pop_item(self) -> TResponseInputItem | None:
        """Takes the latest item away and gives it; None where there is none."""
        stored = await arun(_log.read(SOURCE, self.session_id), self._client)
        if not stored:
            return None
        last = stored[-1]
        await arun(_log.remove([last], permanent=self._permanent), self._client)
        item: TResponseInputItem = last.data["item"]
        return item

    async def clear_session(self) -> None:
        await arun(_log.clear(SOURCE, self.session_id, permanent=self._permanent), self._client)


def _turn(item: dict[str, Any]) -> Turn:
    kind = str(item.get("type") or "message")
    role = str(item.get("role") or ("tool" if kind.endswith("_output") else "assistant"))
    content = item.get("content")
    if isinstance(content, list):
        content = " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    text = content if isinstance(content, str) and content.strip() else _described(kind, item)
    return Turn("system" if role == "developer" else role, text, {"item": item})


def _described(kind: str, item: dict[str, Any]) -> str:
    """A few words for an item without any."""
    for name in ("output", "arguments"):
        if isinstance(item.get(name), str) and item[name].strip():
            return f"({kind} {item.get('name', '')}) {item[name]}".replace(" )", ")")
    return f"({kind} {item.get('name') or 'without text'})"
