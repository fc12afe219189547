/** What callers learn of others: the audit log, events, and statistics of searches. */

import { openClient } from "./client.ts";
import { assert, assertEquals } from "@std/assert";
import type { Caller } from "../../src/access/caller.ts";
import { anonymousCaller } from "../../src/access/caller.ts";
import { Activity } from "../../src/operations/activity.ts";
import type { AuditEntry } from "../../src/operations/audit/entry.ts";
import { callerRuntime } from "../../src/operations/caller_runtime.ts";
import type { PublishedEvent } from "../../src/operations/events.ts";
import { EventHub } from "../../src/operations/events.ts";
import type { ServiceRuntime } from "../../src/operations/runtime.ts";
import { search, SearchInput } from "../../src/operations/search.ts";
import * as usage from "../../src/operations/analytics/usage.ts";
import { testRuntime } from "../helpers/runtime.ts";

Deno.test("GET /api/audit gives the log by pages, with what was just done, and says whose it is", async () => {
  await using client = await openClient();
  for (let i = 0; i < 7; i++) await client.store(`Memory ${i}`);
  const { json: first } = await client.get("/api/audit?limit=5&action=storeMemory");
  assertEquals([first.entries.length, first.entries[0].n, first.next], [5, 7, 3]);
  assertEquals([first.replica.process, first.replica.folder], [Deno.pid, client.runtime.audit.state.folder]);
  const { json: second } = await client.get(`/api/audit?limit=5&action=storeMemory&before=${first.next}`);
  assertEquals([second.entries.map(({ n }: AuditEntry) => n), second.next], [[2, 1], null]);
  const hash = second.entries[0].hashes[0];
  assertEquals((await client.get(`/api/audit?content_hash=${hash.slice(0, 12)}`)).json.entries.length, 1);
  // Reading the log is noted too.
  assertEquals((await client.get("/api/audit?action=readAudit")).json.entries.length, 3);
  assertEquals((await client.get("/api/audit?limit=0")).status, 422);
  assertEquals((await client.get("/api/audit?channel=post")).status, 422);
});

/** A caller of one space who may write. */
function callerOf(name: string, space: string, more: Partial<Caller> = {}): Caller {
  const spaces = [space];
  return {
    ...anonymousCaller("rest"),
    id: `key:${name}`,
    name,
    kind: "key",
    rights: "write",
    scope: { write: space, read: spaces },
    spaces,
    writes: spaces,
    ...more,
  };
}

/** Events that a caller gets. */
function listen(runtime: ServiceRuntime, caller: Caller): PublishedEvent[] {
  const got: PublishedEvent[] = [];
  callerRuntime(runtime, caller).events.subscribe({ send: (event) => got.push(event) > 0, end: () => {} }, {
    clientIp: "192.0.2.1",
  });
  return got;
}

const kinds = (events: PublishedEvent[]) =>
  events.map(({ type }) => type).filter((type) => type !== "connection_established");

Deno.test("events go to those who read their space, searches to who made them, and others' addresses to admins", async () => {
  await using opened = await testRuntime();
  const service = opened.runtime, hub = new EventHub();
  const runtime = { ...service, events: hub } as ServiceRuntime;
  const [ann, ben, cat] = [callerOf("ann", "default"), callerOf("ben", "default"), callerOf("cat", "other")];
  const seen = [ann, ben].map((caller) => listen(runtime, caller));
  // No store keeps the other space, but who reads nothing else gets none of the first one's events.
  const foreign: PublishedEvent[] = [];
  const audience = { scope: cat.scope, owner: cat.id, may: () => true, seesConnections: false };
  hub.within(audience).subscribe({ send: (event) => foreign.push(event) > 0, end: () => {} }, {});

  const asAnn = callerRuntime(runtime, ann);
  const { store, StoreInput } = await import("../../src/operations/store.ts");
  await store(asAnn, StoreInput.parse({ content: "For the first space" }));
  await search(asAnn, SearchInput.parse({ query: "a secret question" }));
  assertEquals(seen.map(kinds), [["memory_stored", "search_completed"], ["memory_stored"]]);
  assertEquals(kinds(foreign), []);
  assert(!JSON.stringify(seen[1]).includes("secret question"));

  hub.within(audience).publish({
    type: "memories_changed",
    tags: null,
    data: { change: "stored", count: 1, message: "" },
  });
  assertEquals([kinds(seen[0]!).length, kinds(foreign)], [2, ["memories_changed"]]);
  // What is replayed follows the same rules.
  const late: PublishedEvent[] = [];
  const since = String(seen[0]![0]!.id);
  callerRuntime(runtime, ben).events.subscribe({ send: (event) => late.push(event) > 0, end: () => {} }, {
    lastEventId: since,
  });
  assertEquals(kinds(late), ["memory_stored"]);

  const shown = (caller: Caller) => callerRuntime(runtime, caller).events.stats().connections.length;
  assertEquals([shown(ann), shown(ben)], [1, 2]);
  const admin = { ...callerOf("root", "default"), rights: "admin", spaces: "all", writes: "all" } as Caller;
  assertEquals([shown(admin), callerRuntime(runtime, ann).events.stats().total_connections], [4, 4]);
  hub.close();
});

Deno.test("searches are counted by space and without their texts, which admins read where they are recorded", async () => {
  await using opened = await testRuntime();
  const admin = { ...callerOf("root", "default"), rights: "admin", spaces: "all", writes: "all" } as Caller;
  for (const recordSearches of [false, true]) {
    const runtime = { ...opened.runtime, activity: new Activity({ recordSearches }) } as ServiceRuntime;
    const ann = callerRuntime(runtime, callerOf("ann", "default"));
    for (let i = 0; i < 3; i++) {
      await search(ann, SearchInput.parse({ query: `private question ${i}`, tags: ["private-tag"] }));
    }
    const figures = usage.searchAnalytics(ann);
    assertEquals([figures.total_searches, figures.popular_tags], [3, []]);
    assertEquals(usage.recordedSearches(ann, { limit: 100 }).searches, []);
    assertEquals(usage.eraseSearches(ann).erased, 0);
    // Another space's figures hold nothing of it.
    const elsewhere = runtime.activity.within({ scope: { write: "other", read: ["other"] } });
    assertEquals([elsewhere.searches.size, elsewhere.changes().total, elsewhere.memoriesAccessed], [0, 0, 0]);

    const root = callerRuntime(runtime, admin), { recording, searches } = usage.recordedSearches(root, { limit: 100 });
    assertEquals([recording, searches.length], recordSearches ? [true, 3] : [false, 0]);
    assertEquals(usage.searchAnalytics(root).popular_tags, recordSearches ? [{ tag: "private-tag", count: 3 }] : []);
    if (!recordSearches) continue;
    assertEquals([searches[0]!.query, searches[0]!.caller], ["private question 2", "ann"]);
    for (let i = 0; i < 3000; i++) ann.activity.searched("hybrid", 1, { query: "q".repeat(1000) });
    const kept = usage.recordedSearches(root, { limit: 100 }).searches;
    assertEquals([kept.length, root.activity.recorded()!.length, kept[0]!.query.length], [100, 1000, 200]);
    assert(usage.eraseSearches(root).erased > 0);
    assertEquals(usage.recordedSearches(root, { limit: 100 }).searches, []);
    assertEquals(usage.searchAnalytics(root).total_searches, 3003);
  }
});

Deno.test("recorded searches are read and erased over REST, which leaves an entry", async () => {
  await using client = await openClient();
  assertEquals((await client.get("/api/analytics/searches")).json, { recording: false, searches: [] });
  assertEquals((await client.send("DELETE", "/api/analytics/searches")).json, { erased: 0 });
  const { json } = await client.get("/api/audit?action=eraseSearches");
  assertEquals(json.entries.length, 1);
});
