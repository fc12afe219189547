from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from langgraph.store.base import GetOp, InvalidNamespaceError, ListNamespacesOp, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore

from unimem_client import Unimem
from unimem_client.langgraph import UnimemStore


@pytest.fixture
def store(url: str, space: str) -> UnimemStore:
    return UnimemStore(url, space=space)


def plain(items: Any) -> list[Any]:
    """What items say, without their times and order."""
    return sorted((item.namespace, item.key, repr(item.value)) for item in items if item is not None)


def test_an_item_is_put_read_replaced_and_deleted(store: UnimemStore) -> None:
    store.put(("users", "123"), "food", {"text": "likes pizza", "stars": 5})
    first = store.get(("users", "123"), "food")
    assert first is not None and first.value == {"text": "likes pizza", "stars": 5}
    store.put(("users", "123"), "food", {"text": "likes pasta"})
    second = store.get(("users", "123"), "food")
    assert second is not None and second.value == {"text": "likes pasta"}
    assert second.created_at == first.created_at and second.updated_at >= first.updated_at
    assert len(store.search(("users",))) == 1
    store.delete(("users", "123"), "food")
    assert store.get(("users", "123"), "food") is None


def test_names_and_values_that_differ_only_in_case_are_kept_apart(url: str, space: str) -> None:
    store = UnimemStore(url, space=space, index=["text"])
    puts = [
        (("Users",), "a", {"text": "same"}),
        (("users",), "a", {"text": "same"}),
        (("users",), "A", {"text": "same"}),
        (("users",), "b, c", {"text": "same", "hidden": 1}),
        (("Käse", "日本"), "a", {"text": "same"}),
    ]
    for namespace, key, value in puts:
        store.put(namespace, key, value)
    for namespace, key, value in puts:
        item = store.get(namespace, key)
        assert item is not None and item.value == value
    store.put(("users",), "b, c", {"text": "SAME", "other": 2})
    item = store.get(("users",), "b, c")
    assert item is not None and item.value == {"text": "SAME", "other": 2}
    assert store.search(("users",), filter={"hidden": 1}) == []
    assert store.list_namespaces() == [("Käse", "日本"), ("Users",), ("users",)]


def test_a_query_finds_by_meaning_in_the_index_alone(store: UnimemStore) -> None:
    store.put(("docs",), "db", {"text": "Staging runs PostgreSQL 16."})
    store.put(("docs",), "bread", {"text": "Bread is baked on Mondays."})
    store.put(("docs",), "hidden", {"text": "Staging runs PostgreSQL 17."}, index=False)
    store.put(("docs",), "title", {"title": "Which database?", "text": "Nothing about it."}, index=["text"])
    found = store.search(("docs",), query="which database does staging use?")
    assert found[0].key == "db" and found[0].score > found[-1].score
    assert "hidden" not in [item.key for item in found]
    assert len(store.search(("docs",), query="database", limit=1, offset=1)) == 1
    filtered = store.search(("docs",), query="database", filter={"text": "Bread is baked on Mondays."})
    assert [item.key for item in filtered] == ["bread"]


def test_more_items_than_a_page_holds(store: UnimemStore) -> None:
    store.batch([PutOp(("many",), str(i), {"i": i, "even": i % 2 == 0}) for i in range(120)])
    assert len(store.search(("many",), limit=200)) == 120
    assert len(store.search(("many",), limit=200, filter={"even": True})) == 60
    assert len(store.search(("many",), limit=200, filter={"i": {"$gte": 100}})) == 20
    assert len(store.search(("many",), limit=50, offset=100)) == 20


def test_it_answers_as_langgraphs_own_store_does(store: UnimemStore) -> None:
    theirs, chance = InMemoryStore(), random.Random(7)
    labels, keys = ["a", "b", "users", "x-1"], ["k1", "k2", "k3"]
    for _ in range(60):
        path = tuple(chance.choice(labels) for _ in range(chance.randint(1, 3)))
        key = chance.choice(keys)
        value = {"n": chance.randrange(5), "kind": chance.choice(labels), "nested": {"deep": [chance.randrange(3)]}}
        for one in (store, theirs):
            if value["n"] == 4:
                one.delete(path, key)
            else:
                one.put(path, key, value)
        assert plain([store.get(path, key)]) == plain([theirs.get(path, key)])
    filters: list[dict[str, Any] | None] = [
        None,
        {"n": 2},
        {"kind": "a"},
        {"n": {"$gt": 2}},
        {"n": {"$ne": 2}},
        {"n": {"$gte": 1, "$lte": 3}},
        {"nested": {"deep": [1]}},
        {"missing": None},
    ]
    prefixes: list[tuple[str, ...]] = [(), ("a",), ("users",), ("a", "b"), ("x-1", "a"), ("none",)]
    for prefix, condition in itertools.product(prefixes, filters):
        mine = store.search(prefix, filter=condition, limit=100)
        assert plain(mine) == plain(theirs.search(prefix, filter=condition, limit=100)), (prefix, condition)
    # The store in memory goes on listing namespaces that nothing is left in.
    for path in theirs.list_namespaces(limit=1000):
        for one in (store, theirs):
            one.put(path, "kept", {"n": 0})
    listings: list[dict[str, Any]] = [
        {},
        {"prefix": ("a",)},
        {"suffix": ("b",)},
        {"prefix": ("*", "a")},
        {"max_depth": 1},
        {"max_depth": 2, "prefix": ("users",)},
        {"limit": 2, "offset": 1},
    ]
    for options in listings:
        assert store.list_namespaces(**options) == theirs.list_namespaces(**options), options


def test_a_batch_answers_each_operation_in_its_place(store: UnimemStore) -> None:
    store.put(("a",), "old", {"n": 1})
    results = store.batch(
        [
            GetOp(("a",), "old"),
            PutOp(("a",), "new", {"n": 2}),
            SearchOp(("a",)),
            PutOp(("a",), "new", {"n": 3}),
            ListNamespacesOp(),
        ]
    )
    assert results[0].value == {"n": 1}  # type: ignore[union-attr]
    assert len(results[2]) == 1  # type: ignore[arg-type]
    assert results[4] == [("a",)]
    assert store.get(("a",), "new").value == {"n": 3}  # type: ignore[union-attr]


def test_namespaces_that_langgraph_refuses_are_refused(store: UnimemStore) -> None:
    for namespace in [(), ("a.b",), ("",), ("langgraph",)]:
        with pytest.raises(InvalidNamespaceError):
            store.put(namespace, "k", {"n": 1})


def test_items_are_memories_that_others_find(store: UnimemStore, memory: Unimem) -> None:
    store.put(("users", "1"), "db", {"text": "Staging runs PostgreSQL 16."})
    (hit,) = memory.search("which database does staging use?")["results"]
    assert hit["memory"]["metadata"]["langgraph"]["key"] == "db"


async def test_the_same_with_asyncio(store: UnimemStore) -> None:
    await store.aput(("users",), "food", {"text": "likes pizza"})
    item = await store.aget(("users",), "food")
    assert item is not None and item.value == {"text": "likes pizza"}
    assert [found.key for found in await store.asearch(("users",), query="pizza")] == ["food"]
    assert await store.alist_namespaces() == [("users",)]
    await store.adelete(("users",), "food")
    assert await store.aget(("users",), "food") is None
    await store.aclose()
