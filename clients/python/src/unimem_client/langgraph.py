"""LangGraph's long-term memory in Unimem: a ``BaseStore`` that other agents and people can search too.

Each item is one memory. Its text is what the index takes of the value; value, namespace and key stand in the metadata.
A value may take 64 KiB as JSON. Needs ``pip install unimem-client[langgraph]``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    get_text_at_path,
    tokenize_path,
)

from ._async_client import AsyncUnimem
from ._client import Unimem
from ._steps import Steps, arun, ask, run

Namespace = tuple[str, ...]

ROOT = "langgraph"
"""Tag of every item, and what the others begin with."""
INDEXED_TEXT = 256
"""Longest text of a field that filters find without reading the item."""


class UnimemStore(BaseStore):
    """A store over a Unimem service.

    :param url: Base address of the REST server.
    :param key: API key.
    :param space: Space of the items; one of their own keeps their tags apart from other memories'.
    :param index: Fields that are searched by ``query``, unless ``put`` names others; the whole value by default.
    """

    __slots__ = ("_client", "_async_client", "_index")

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        space: str | None = None,
        index: Sequence[str] = ("$",),
        **options: Any,
    ) -> None:
        self._client = Unimem(url, key=key, space=space, **options)
        self._async_client = AsyncUnimem(url, key=key, space=space, **options)
        self._index = list(index)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        return run(self._batch(list(ops)), self._client)

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        return await arun(self._batch(list(ops)), self._async_client)

    def close(self) -> None:
        """Ends the blocking client's connections. Idempotent."""
        self._client.close()

    async def aclose(self) -> None:
        """Ends all connections. Idempotent."""
        self._client.close()
        await self._async_client.aclose()

    def _batch(self, ops: list[Op]) -> Steps[list[Result]]:
        """Reads come first, then writes, of which the last for a key counts, as in LangGraph's own stores."""
        results: list[Result] = []
        puts: dict[tuple[Namespace, str], PutOp] = {}
        for op in ops:
            if isinstance(op, GetOp):
                found = yield from _find(op.namespace, op.key)
                results.append(_item(found[0]) if found else None)
            elif isinstance(op, SearchOp):
                results.append((yield from _search(op)))
            elif isinstance(op, ListNamespacesOp):
                results.append((yield from _list_namespaces(op)))
            elif isinstance(op, PutOp):
                puts[(op.namespace, op.key)] = op
                results.append(None)
            else:
                raise ValueError(f"Unknown operation type: {type(op)}")
        for put in puts.values():
            yield from self._put(put)
        return results

    def _put(self, op: PutOp) -> Steps[None]:
        known = yield from _find(op.namespace, op.key)
        kept: str | None = None
        if op.value is not None:
            kept = yield from self._write(op, known)
        for memory in known:
            if memory["content_hash"] != kept:
                yield from _delete(memory["content_hash"])

    def _write(self, op: PutOp, known: list[Any]) -> Steps[str]:
        """The new version is there before the old one goes, so that a break in between loses nothing."""
        assert op.value is not None
        now = datetime.now(timezone.utc).isoformat()
        identity = _identity(op.namespace, op.key)
        paths = self._index if op.index is None else op.index or []
        texts = [text for path in paths for text in _texts(op.value, path)]
        content = "\n".join([*texts, "", f"langgraph {identity}"]).strip()
        facts = {
            "namespace": list(op.namespace),
            "key": op.key,
            "value": op.value,
            "created_at": known[0]["metadata"]["langgraph"]["created_at"] if known else now,
            "updated_at": now,
        }
        metadata = {
            "langgraph": facts,
            "langgraph_id": identity,
            "langgraph_indexed": bool(texts),
            **_fields(op.value),
        }
        tags = _tags(op.namespace)
        body = {"content": content, "tags": tags, "memory_type": "langgraph", "metadata": metadata}
        stored = yield ask("storeMemory", body=body)
        key: str = stored["content_hash"]
        if stored.get("duplicate"):
            gone = {name: None for memory in known for name in memory["metadata"] if name.startswith("value.")}
            changes = {"metadata": {**gone, **metadata}, "tags": tags}
            yield ask("updateMemory", path={"content_hash": key}, body=changes)
        return key


def _find(namespace: Namespace, key: str) -> Steps[list[Any]]:
    """The memories of an item, newest first: one, or two after a break or two writers at once."""
    identity = _identity(namespace, key)
    query = {"tag": [_exact(namespace)], "metadata": json.dumps({"langgraph_id": identity}), "page_size": 100}
    answer = yield ask("listMemories", query=query)
    found: list[Any] = answer["memories"]
    return found


def _delete(content_hash: str) -> Steps[None]:
    yield ask("deleteMemories", body={"content_hashes": [content_hash], "permanent": True})


def _search(op: SearchOp) -> Steps[list[SearchItem]]:
    prefix = op.namespace_prefix
    tags = [_prefix(prefix), _exact(prefix)] if prefix else [ROOT]
    metadata = _pushed(op.filter or {})
    wanted = op.offset + op.limit
    items: list[SearchItem] = []
    page = 1
    while len(items) < wanted:
        asked: dict[str, Any] = {"page": page, "page_size": 100}
        if op.query:
            body = {**asked, "query": op.query, "tags": tags, "metadata": {**metadata, "langgraph_indexed": True}}
            answer = yield ask("search", body=body)
            found = [(hit["memory"], hit["similarity_score"]) for hit in answer["results"]]
            more = answer["pagination"]["has_more"]
        else:
            query = {**asked, "tag": tags, **({"metadata": json.dumps(metadata)} if metadata else {})}
            answer = yield ask("listMemories", query=query)
            found = [(memory, None) for memory in answer["memories"]]
            more = answer["has_more"]
        for memory, score in found:
            facts = memory["metadata"].get("langgraph")
            if facts and tuple(facts["namespace"][: len(prefix)]) == tuple(prefix) and _passes(facts["value"], op.filter):
                items.append(SearchItem(score=score, **_facts(memory)))
        if not more:
            break
        page += 1
    return items[op.offset : wanted]


def _list_namespaces(op: ListNamespacesOp) -> Steps[list[Namespace]]:
    answer = yield ask("listTags")
    names = [tag["tag"] for tag in answer["tags"]]
    start = f"{ROOT}:"
    all_of_them = [_decode(name[len(start) :]) for name in names if name.startswith(start) and not name.endswith(".*")]
    matching = [
        namespace
        for namespace in all_of_them
        if all(_matches(condition, namespace) for condition in op.match_conditions or ())
    ]
    depth = op.max_depth
    shown = sorted({namespace[:depth] if depth is not None else namespace for namespace in matching})
    return shown[op.offset : op.offset + op.limit]


def _item(memory: Any) -> Item:
    return Item(**_facts(memory))


def _facts(memory: Any) -> dict[str, Any]:
    facts = memory["metadata"]["langgraph"]
    return {
        "value": facts["value"],
        "key": facts["key"],
        "namespace": tuple(facts["namespace"]),
        "created_at": datetime.fromisoformat(facts["created_at"].replace("Z", "+00:00")),
        "updated_at": datetime.fromisoformat(facts["updated_at"].replace("Z", "+00:00")),
    }


def _identity(namespace: Namespace, key: str) -> str:
    """Stands for namespace and key where texts are compared without regard to case."""
    text = json.dumps([*namespace, key], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _tags(namespace: Namespace) -> list[str]:
    """One for the namespace, and one for each that it lies in."""
    return [ROOT, *(_prefix(namespace[:depth]) for depth in range(1, len(namespace))), _exact(namespace)]


def _exact(namespace: Namespace) -> str:
    return f"{ROOT}:{'.'.join(map(_encode, namespace))}"


def _prefix(namespace: Namespace) -> str:
    return f"{_exact(namespace)}.*"


def _encode(label: str) -> str:
    """Tags are compared without regard to case and accents, so all but plain characters are spelt out."""
    return re.sub(r"[^a-z0-9_-]", lambda match: f"~{ord(match[0]):x}~", label)


def _decode(text: str) -> Namespace:
    return tuple(re.sub(r"~([0-9a-f]+)~", lambda match: chr(int(match[1], 16)), label) for label in text.split("."))


def _texts(value: Mapping[str, Any], path: str) -> list[str]:
    if path != "$":
        return list(get_text_at_path(value, tokenize_path(path)))
    return [f"{name}: {_plain(item)}" for name, item in value.items() if item not in (None, "", [], {})]


def _plain(item: Any) -> str:
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def _is_plain(item: Any) -> bool:
    return isinstance(item, (bool, int, float)) or (isinstance(item, str) and len(item) <= INDEXED_TEXT)


def _fields(value: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that filters find without reading every item."""
    return {f"value.{name}": item for name, item in value.items() if _is_plain(item)}


def _pushed(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a filter that the service can apply; all of it is applied here again."""
    equal = {
        name: value["$eq"] if isinstance(value, dict) and set(value) == {"$eq"} else value
        for name, value in conditions.items()
    }
    return {f"value.{name}": value for name, value in equal.items() if _is_plain(value)}


def _passes(value: Mapping[str, Any], conditions: Mapping[str, Any] | None) -> bool:
    return all(_compare(value.get(name), wanted) for name, wanted in (conditions or {}).items())


def _compare(value: Any, wanted: Any) -> bool:
    """Equal, or as operators such as ``$gte`` say; nested like LangGraph's own stores."""
    if isinstance(wanted, dict):
        if any(name.startswith("$") for name in wanted):
            return all(_operate(value, name, operand) for name, operand in wanted.items())
        return isinstance(value, dict) and all(_compare(value.get(name), inner) for name, inner in wanted.items())
    if isinstance(wanted, (list, tuple)):
        same_length = isinstance(value, (list, tuple)) and len(value) == len(wanted)
        return same_length and all(_compare(one, other) for one, other in zip(value, wanted))
    return bool(value == wanted)


def _operate(value: Any, name: str, operand: Any) -> bool:
    if name == "$eq":
        return bool(value == operand)
    if name == "$ne":
        return bool(value != operand)
    try:
        left, right = float(value), float(operand)
    except (TypeError, ValueError):
        return False
    if name == "$gt":
        return left > right
    if name == "$gte":
        return left >= right
    if name == "$lt":
        return left < right
    if name == "$lte":
        return left <= right
    raise ValueError(f"Unsupported operator: {name}")


def _matches(condition: MatchCondition, namespace: Namespace) -> bool:
    path = tuple(condition.path)
    if len(namespace) < len(path):
        return False
    if condition.match_type == "prefix":
        part = namespace[: len(path)]
    elif condition.match_type == "suffix":
        part = namespace[len(namespace) - len(path) :]
    else:
        raise ValueError(f"Unsupported match type: {condition.match_type}")
    return all(wanted in ("*", label) for label, wanted in zip(part, path))
