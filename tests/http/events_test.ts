import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mock } from "node:test";
import { openClient, type TestClient } from "./client.ts";
import { EventReader } from "./event_reader.ts";

const open = async (client: TestClient, query = "", headers: Record<string, string> = {}) =>
  new EventReader(await client.app.request(`/api/events${query}`, { headers }));

Deno.test("a stream starts with the recorded greeting", async () => {
  await using client = await openClient({ events: { heartbeatSeconds: 30 } });
  await using events = await open(client);
  assertEquals(events.response.status, 200);
  assertEquals(events.response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const { type, id, data, retry } = (await events.next())!;
  assertEquals(type, "connection_established");
  assertMatch(id, /^\d{16}$/);
  assertEquals(retry, "3000");
  assertEquals(Object.keys(data), ["timestamp", "connection_id", "message", "heartbeat_interval"]);
  assertMatch(data.timestamp, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}\+00:00$/);
  assertEquals(data.heartbeat_interval, 30);
});

Deno.test("storing, changing, deleting and searching are told in the recorded shape, after the fact", async () => {
  await using client = await openClient();
  await using events = await open(client);
  await events.next();
  const content = "Überprüfung 备份检查 ✅ ".repeat(8);
  const hash = await client.store(content, { tags: ["backup"], memory_type: "note" });
  await client.send("PUT", `/api/memories/${hash}`, { tags: ["restored"] });
  await client.send("POST", "/api/search", { query: `${"long ".repeat(30)}query` });
  await client.send("DELETE", `/api/memories/${hash}`);
  const [stored, updated, searched, deleted] = await events.take(4);
  assertEquals(stored!.type, "memory_stored");
  const { timestamp: _, ...facts } = stored!.data;
  assertEquals(facts, {
    content_hash: hash,
    content_preview: `${Array.from(content).slice(0, 100).join("")}...`,
    tags: ["backup"],
    memory_type: "note",
    message: "New memory stored successfully",
  });
  assertEquals([updated!.type, updated!.data.tags, updated!.data.fields], ["memory_updated", ["restored"], ["tags"]]);
  assertEquals(searched!.type, "search_completed");
  assertEquals(Object.keys(searched!.data), [
    "timestamp",
    "query",
    "search_type",
    "results_count",
    "processing_time_ms",
    "message",
  ]);
  assertEquals(searched!.data.query.length, 103);
  assertEquals(searched!.data.message, "Search completed: 1 results found");
  assertEquals(deleted!.type, "memory_deleted");
  assertEquals(Object.keys(deleted!.data), ["timestamp", "content_hash", "success", "message"]);
  const ids = [stored, updated, searched, deleted].map((event) => Number(event!.id));
  assertEquals(ids, ids.toSorted((a, b) => a - b));
  assertEquals(new Set(ids).size, 4);
});

Deno.test("what changes nothing is not told", async () => {
  await using client = await openClient();
  const hash = await client.store("There already");
  await using events = await open(client);
  await events.next();
  await client.store("There already");
  await client.send("DELETE", `/api/memories/${"0".repeat(64)}`);
  await client.send("PUT", `/api/memories/${hash}`, {});
  await client.store("New");
  assertEquals((await events.next())!.data.content_preview, "New");
});

Deno.test("a large batch is told once, a small one memory by memory", async () => {
  await using client = await openClient();
  await using events = await open(client);
  await events.next();
  const batch = (count: number) => ({
    memories: Array.from({ length: count }, (_, i) => ({ content: `Item ${i} of ${count}` })),
  });
  await client.send("POST", "/api/memories/batch", batch(3));
  await client.send("POST", "/api/memories/batch", batch(60));
  const [first, , , summary] = await events.take(4);
  assertEquals(first!.type, "memory_stored");
  assertEquals([summary!.type, summary!.data.change, summary!.data.count], ["memories_changed", "stored", 60]);
});

Deno.test("types and tags narrow a stream, and an unknown type is refused by name", async () => {
  await using client = await openClient();
  await using typed = await open(client, "?types=memory_deleted,search_completed");
  await using tagged = await open(client, "?tags=A,b&tag=C,D");
  await client.store("Plain");
  await client.store("Of a", { tags: ["a"] });
  const hash = await client.store("Of the comma", { tags: ["c,d"] });
  await client.send("DELETE", `/api/memories/${hash}`);
  assertEquals((await typed.take(2))[1]!.type, "memory_deleted");
  const [, second, third, last] = await tagged.take(4);
  assertEquals([second, third].map((event) => event!.data.content_preview), ["Of a", "Of the comma"]);
  assertEquals(last!.type, "memory_deleted");
  const { status, json } = await client.get("/api/events?types=memory_stored,nope");
  assertEquals(status, 422);
  assertEquals(json.detail[0].loc, ["query", "types", 1]);
  assertStringIncludes(json.detail[0].msg, "memory_stored");
});

Deno.test("a client that comes back gets what it missed, and only that", async () => {
  await using client = await openClient();
  await client.store("One");
  let last: string;
  {
    await using events = await open(client);
    await client.store("Two");
    last = (await events.take(2))[1]!.id;
  }
  await client.store("Three", { tags: ["t"] });
  await client.store("Four");
  for (const [query, headers] of [["", { "Last-Event-ID": last }], [`?last_event_id=${last}`, {}]] as const) {
    await using events = await open(client, query, headers);
    const [greeting, three, four] = await events.take(3);
    assertEquals(greeting!.id, last);
    assertEquals([three!.data.content_preview, four!.data.content_preview], ["Three", "Four"]);
  }
  await using narrowed = await open(client, "?tags=t", { "Last-Event-ID": last });
  assertEquals((await narrowed.take(2))[1]!.data.content_preview, "Three");
  await client.store("Five", { tags: ["t"] });
  assertEquals((await narrowed.next())!.data.content_preview, "Five");
});

Deno.test("an id too old or unknown is answered with what was missed, then with what is kept", async () => {
  await using client = await openClient({ events: { kept: { events: 2, characters: 10_000 } } });
  await using first = await open(client);
  const old = (await first.next())!.id;
  for (const content of ["One", "Two", "Three"]) await client.store(content);
  for (const [id, known] of [[old, true], ["25831a30-bc91-4fb8-9c59-c98ed1101346", false], ["9".repeat(16), false]]) {
    await using events = await open(client, "", { "Last-Event-ID": String(id) });
    const [greeting, missed, two, three] = await events.take(4);
    assertEquals(greeting!.type, "connection_established");
    assertEquals([missed!.type, missed!.data.last_event_id], ["events_missed", id]);
    assertEquals(missed!.data.missed_from === null, !known);
    assert(missed!.data.missed_until <= two!.data.timestamp.replace("+00:00", "Z"));
    assertEquals([two!.data.content_preview, three!.data.content_preview], ["Two", "Three"]);
  }
});

Deno.test("a client that saw the last event that is no longer kept has missed nothing, one that saw the one before has", async () => {
  await using client = await openClient({ events: { kept: { events: 2, characters: 10_000 } } });
  await using first = await open(client);
  for (const content of ["One", "Two", "Three", "Four"]) await client.store(content);
  const [, one, two] = await first.take(5);
  const kept = ["memory_stored", "memory_stored"];
  for (const [last, types] of [[two!, kept], [one!, ["events_missed", ...kept]]] as const) {
    await using events = await open(client, "", { "Last-Event-ID": last.id });
    const answered = await events.take(1 + types.length);
    assertEquals(answered.map(({ type }) => type), ["connection_established", ...types]);
    assertEquals(answered.slice(-2).map(({ data }) => data.content_preview), ["Three", "Four"]);
  }
});

Deno.test("as many of the latest events are kept as fit, also after many were forgotten", async () => {
  await using client = await openClient({ events: { kept: { events: 100, characters: 4000 } } });
  const kept = async () => (await client.get("/api/events/stats")).json.kept_events;
  const counts: number[] = [];
  for (let i = 0; i < 40; i++) {
    await client.store(`An event that takes its room ${String(i).padStart(3, "0")}`);
    counts.push(await kept());
  }
  const most = Math.max(...counts);
  assert(most >= 5 && most < 30, String(counts));
  assertEquals(counts.slice(0, most), Array.from({ length: most }, (_, i) => i + 1));
  assertEquals(counts.slice(most), Array(40 - most).fill(most));
});

Deno.test("a heartbeat comes at the interval and moves the id of a reader whose filter let nothing through", async () => {
  await using client = await openClient({ events: { heartbeatSeconds: 30 } });
  mock.timers.enable({ apis: ["setInterval"] });
  try {
    await using events = await open(client, "?types=search_completed");
    const greeting = (await events.next())!;
    await client.store("Not for this reader");
    const stats = async () => (await client.get("/api/events/stats")).json.connections[0];
    mock.timers.tick(29_999);
    const before = await stats();
    assert(before.last_heartbeat_seconds_ago >= before.connected_duration_seconds, "none yet");
    mock.timers.tick(1);
    const after = await stats();
    assert(after.last_heartbeat_seconds_ago < after.connected_duration_seconds);
    mock.timers.tick(30_000);
    const beats = [await events.next("heartbeat"), await events.next("heartbeat")];
    assertEquals(Object.keys(beats[1]!.data), ["timestamp", "active_connections", "server_status"]);
    assert(BigInt(beats[1]!.id) > BigInt(greeting.id));
  } finally {
    mock.timers.reset();
  }
});

Deno.test("stats tell who listens, in the recorded shape", async () => {
  await using client = await openClient();
  assertEquals((await client.get("/api/events/stats")).json.connections, []);
  await using events = await open(client, "", { "User-Agent": "reader/1" });
  const { connection_id } = (await events.next())!.data;
  const { json } = await client.get("/api/events/stats");
  assertEquals(Object.keys(json).slice(0, 3), ["total_connections", "heartbeat_interval", "connections"]);
  assertEquals(Object.keys(json.connections[0]), [
    "connection_id",
    "client_ip",
    "user_agent",
    "connected_duration_seconds",
    "last_heartbeat_seconds_ago",
  ]);
  assertEquals([json.total_connections, json.connections[0].connection_id], [1, connection_id]);
  assertEquals(json.connections[0].user_agent, "reader/1");
});

Deno.test("events need the key, and no more streams open than allowed", async () => {
  await using closed = await openClient({ http: { apiKey: "key" } });
  assertEquals((await closed.get("/api/events")).status, 401);
  assertEquals((await closed.get("/api/events/stats")).status, 401);
  await using allowed = await open(closed, "", { Authorization: "Bearer key" });
  assertEquals(allowed.response.status, 200);

  await using client = await openClient({ events: { maxConnections: 1 } });
  {
    await using _events = await open(client);
    const { status, headers, json } = await client.get("/api/events");
    assertEquals([status, headers.get("retry-after")], [429, "5"]);
    assertEquals(json.detail, "Cannot open an event stream: 1 are open, the most there can be");
  }
  await using again = await open(client);
  assertEquals((await again.next())!.type, "connection_established");
});

Deno.test("searches make no event while nobody listens, and HEAD opens no stream", async () => {
  await using client = await openClient();
  const before = client.events.stats().last_event_id;
  await client.send("POST", "/api/search", { query: "anything" });
  assertEquals(client.events.stats().last_event_id, before);
  const { status, headers } = await client.send("HEAD", "/api/events");
  assertEquals([status, headers.get("content-type")], [200, "text/event-stream; charset=utf-8"]);
  assertEquals(client.events.stats().total_connections, 0);
});
