from __future__ import annotations

from typing import Any

from agents import Agent, Runner
from agents.items import ModelResponse
from agents.memory.session import Session
from agents.models.interface import Model
from agents.usage import Usage
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

from unimem_client import AsyncUnimem
from unimem_client.openai_agents import UnimemSession

ITEMS: list[Any] = [
    {"role": "user", "content": "yes"},
    {"type": "function_call", "name": "search", "arguments": '{"q": "x"}', "call_id": "c1"},
    {"type": "function_call_output", "call_id": "c1", "output": "yes"},
    {"role": "assistant", "content": [{"type": "output_text", "text": "Found it."}]},
    {"role": "user", "content": "yes"},
]


async def test_items_come_back_as_they_were_in_order(amemory: AsyncUnimem) -> None:
    session = UnimemSession("s1", amemory)
    assert isinstance(session, Session)
    assert await session.pop_item() is None
    await session.add_items(ITEMS[:3])
    await session.add_items(ITEMS[3:])
    assert await session.get_items() == ITEMS
    assert await session.get_items(2) == ITEMS[-2:]
    assert await session.get_items(0) == []
    assert await session.pop_item() == ITEMS[-1]
    assert await session.get_items() == ITEMS[:-1]
    assert await UnimemSession("s2", amemory).get_items() == []
    await session.clear_session()
    assert await session.get_items() == []


class Counting(Model):
    """Stands in for a model: says how many items it was given."""

    async def get_response(self, system_instructions: Any, input: Any, *args: Any, **kwargs: Any) -> ModelResponse:
        said = 1 if isinstance(input, str) else len(input)
        text = ResponseOutputText(type="output_text", text=f"{said} items so far", annotations=[])
        message = ResponseOutputMessage(id="m", type="message", role="assistant", status="completed", content=[text])
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    def stream_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


async def test_an_agent_goes_on_where_it_was(amemory: AsyncUnimem) -> None:
    agent = Agent(name="helper", model=Counting())
    for expected in ("1 items so far", "3 items so far"):
        # A session of its own each time, as after a restart.
        result = await Runner.run(agent, "hello", session=UnimemSession("s1", amemory))
        assert result.final_output == expected
