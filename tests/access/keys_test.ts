import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { json, keyedService } from "./service.ts";
import { MemoryError } from "../../src/errors.ts";
import { KeyRing } from "../../src/operations/keys/ring.ts";
import { revokeKey, rotateKey } from "../../src/operations/keys/manage.ts";
import { RateLimit } from "../../src/operations/keys/rate_limit.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { override } from "../../src/storage/intercept.ts";
import { until } from "../helpers/process.ts";

const FACT = { content: "The deploy window is Thursday." };

Deno.test("without a key everyone of this machine may call, and from the first one on no request without one is served", async () => {
  await using service = await keyedService();
  assertEquals((await service.rest(null, "GET", "/api/memories")).status, 200);
  const made = await service.rest(null, "POST", "/api/keys", { name: "laptop", rights: "write" });
  assertEquals(made.status, 200);
  assertMatch(made.json.token, /^um_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
  assertStringIncludes(made.json.message, "From now on every request needs a key, on this machine too");
  await service.ring.refresh();
  for (const path of ["/api/memories", "/api/health/detailed", "/metrics", "/openapi.json", "/api/keys"]) {
    assertEquals((await service.rest(null, "GET", path)).status, 401, path);
  }
  assertEquals((await service.call(null, "tools/list")).status, 401);
  assertEquals((await service.rest(null, "GET", "/api/health")).status, 200);
  assertEquals((await service.rest(made.json.token, "POST", "/api/memories", FACT)).status, 200);
  assertEquals((await service.call(made.json.token, "tools/list")).status, 200);
  const second = await service.key({ name: "second", rights: "read" });
  assert(!second.message.includes("From now on"));
});

Deno.test("a key is told by its whole token, in a header and nowhere else", async () => {
  await using service = await keyedService();
  const { token } = await service.key({ rights: "read" });
  const flip = (at: number) => token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
  const wrong = [
    ...[token.slice(0, -1), `${token}A`, token.toUpperCase(), flip(20), flip(30), `um_000000000000${token.slice(15)}`],
    ...[` ${token.slice(3)}`, "um_", "um___", `${token} ${token}`, token.replace("um_", "xx_")],
  ];
  for (const sent of wrong) assertEquals((await service.rest(sent, "GET", "/api/memories")).status, 401, sent);
  for (const name of ["token", "access_token", "api_key", "key", "authorization"]) {
    assertEquals((await service.rest(null, "GET", `/api/memories?${name}=${token}`)).status, 401);
    assertEquals((await service.rest(null, "GET", `/api/events?${name}=${token}`)).status, 401);
  }
  assertEquals((await service.app.request("/api/memories", { headers: { "X-API-Key": token } })).status, 200);
  assertEquals((await service.rest(token, "GET", "/api/memories")).status, 200);
});

Deno.test("nothing that could be sent as a key is kept or shown", async () => {
  await using service = await keyedService();
  const admin = await service.key({ rights: "admin" }), { token } = await service.key({ rights: "write" });
  const kept = await service.runtime.storage.note("access_keys") ?? "";
  const listed = await service.rest(admin.token, "GET", "/api/keys");
  for (const text of [kept, JSON.stringify(listed.json)]) {
    assert(!text.includes(token.slice(16)) && !text.includes(admin.token.slice(16)));
  }
  assertEquals(listed.json.keys.map(({ rights }: { rights: string }) => rights), ["admin", "write"]);
  assert(!JSON.stringify(listed.json).includes("hash"));
});

Deno.test("two tokens are valid while a key is rotated, and one after that", async () => {
  let seconds = Date.now() / 1000;
  await using service = await keyedService({ now: () => seconds * 1000, pollMs: 600_000 });
  const admin = await service.key({ rights: "admin" }),
    { token, key } = await service.key({ name: "ci", rights: "read" });
  const status = async (sent: string) => (await service.rest(sent, "GET", "/api/memories")).status;
  const rotated = await service.rest(admin.token, "POST", `/api/keys/${key.id}/rotate`, { overlap_seconds: 60 });
  assertEquals(rotated.status, 200);
  assertNotEquals(rotated.json.token, token);
  await service.ring.refresh();
  assertEquals([await status(token), await status(rotated.json.token)], [200, 200]);
  seconds += 90;
  assertEquals([await status(token), await status(rotated.json.token)], [401, 200]);
  const last = await rotateKey(service.runtime, "ci", { overlap_seconds: 0 });
  await service.ring.refresh();
  assertEquals([await status(token), await status(rotated.json.token), await status(last.token)], [401, 401, 200]);
});

Deno.test("a key that has expired is refused, and says so in the list", async () => {
  let days = 0;
  await using service = await keyedService({ now: () => Date.now() + days * 86_400_000 });
  const { token } = await service.key({ rights: "admin", expires_in_days: 30 });
  assertEquals((await service.rest(token, "GET", "/api/memories")).status, 200);
  days = 31;
  assertEquals((await service.rest(token, "GET", "/api/memories")).status, 401);
});

Deno.test("the limit of requests is per key, and its refusal says when to try again", async () => {
  let now = Date.now();
  await using service = await keyedService({ now: () => now });
  const { token } = await service.key({ rights: "read", limits: { requests_per_minute: 3 } });
  const other = await service.key({ rights: "read" });
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push((await service.rest(token, "GET", "/api/tags")).status);
  assertEquals(statuses, [200, 200, 200, 429, 429]);
  const { headers, json } = await service.call(token, "tools/list");
  assertEquals([headers.get("retry-after"), json.detail.error], ["20", "too_many_requests"]);
  assertEquals((await service.rest(other.token, "GET", "/api/tags")).status, 200);
  now += 20_000;
  assertEquals((await service.rest(token, "GET", "/api/tags")).status, 200);
  assertEquals((await service.rest(token, "GET", "/api/tags")).status, 429);
});

Deno.test("a limit of requests refills evenly and never beyond itself", () => {
  const limit = new RateLimit(60), taken = (at: number) => limit.take(at) === 0;
  let served = 0;
  for (let i = 0; i < 100; i++) served += Number(taken(0));
  assertEquals(served, 60);
  assertEquals([taken(999), taken(1000), taken(1500), taken(2000)], [false, true, false, true]);
  served = 0;
  for (let i = 0; i < 100; i++) served += Number(taken(10 ** 9));
  assertEquals(served, 60);
});

Deno.test("a key stores up to its limits of memories and bytes, however they come", async () => {
  await using service = await keyedService();
  const few = await service.key({ rights: "write", limits: { memories: 2 } });
  assertEquals((await service.rest(few.token, "POST", "/api/memories", { content: "One." })).status, 200);
  const batch = { memories: [{ content: "Two." }, { content: "Three." }] };
  const refused = await service.rest(few.token, "POST", "/api/memories/batch", batch);
  assertEquals(refused.status, 507);
  assertStringIncludes(refused.json.detail, 'space "default" holds 1 of the 2 memories');
  assertEquals((await service.rest(few.token, "POST", "/api/memories", { content: "Two." })).status, 200);
  const told = await service.call(few.token, "tools/call", { name: "store_memory", arguments: { content: "Three." } });
  assertEquals(told.json.result.isError, true);
  assertStringIncludes(told.json.result.content[0].text, "2 of the 2 memories");
  assertEquals((await service.rest(few.token, "GET", "/api/memories")).json.total, 2);

  const small = await service.key({ rights: "write", limits: { bytes: 30 } });
  assertEquals((await service.rest(small.token, "POST", "/api/memories", { content: "ü".repeat(12) })).status, 507);
  assertEquals((await service.rest(small.token, "POST", "/api/memories", { content: "ü".repeat(10) })).status, 200);
});

Deno.test("a new key is known at its first use, and guesses are looked up sixty times a minute at most", async () => {
  await using service = await keyedService({ pollMs: 60_000 });
  const admin = await service.key({ rights: "admin" });
  for (let i = 0; i < 5; i++) {
    const { token, key } =
      (await service.rest(admin.token, "POST", "/api/keys", { name: `n${i}`, rights: "read" })).json;
    assertEquals((await service.rest(token, "GET", "/api/memories")).status, 200);
    const rotated = await service.rest(admin.token, "POST", `/api/keys/${key.id}/rotate`, {});
    assertEquals((await service.rest(rotated.json.token, "GET", "/api/memories")).status, 200);
  }
  let reads = 0;
  const note = () => {
    reads++;
    return Promise.resolve(null);
  };
  const ring = new KeyRing({ note, changeNote: () => Promise.resolve(true) }, {
    log: createLogger("error", () => {}),
    now: () => 0,
    pollMs: 50,
  });
  const guess = () => ring.verify(`um_${"0".repeat(12)}_${"A".repeat(43)}`);
  for (let i = 0; i < 60; i++) assertEquals(await guess(), null);
  assertEquals(reads, 60);
  await Promise.all(Array.from({ length: 100 }, guess));
  assertEquals(reads, 61);
});

Deno.test("a key can't have the name of a caller without one, or one that reads as another key's id", async () => {
  await using service = await keyedService();
  const admin = await service.key({ rights: "admin" });
  for (const name of ["local", "Local", "anonymous", "MCP_API_KEY", admin.key.id]) {
    const { status } = await service.rest(admin.token, "POST", "/api/keys", { name, rights: "read" });
    assertEquals([name, status], [name, 422]);
  }
});

Deno.test("limits hold for many at once, and for what comes back from the trash", async () => {
  await using service = await keyedService({
    over: (runtime) => {
      const { spaces } = runtime.storage;
      const slowly = (view: MemoryStorage) =>
        override(view, {
          vectorCoverage: async () => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            return await view.vectorCoverage();
          },
        });
      const within: typeof spaces.within = (scope) => slowly(spaces.within(scope));
      return { ...runtime, storage: override(runtime.storage, { spaces: override(spaces, { within }) }) };
    },
  });
  const { token } = await service.key({ rights: "write", limits: { memories: 3, bytes: 60 } });
  const store = (text: string) => service.rest(token, "POST", "/api/memories", { content: text });
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => store(`Number ${i}.`)));
  assertEquals(answers.filter(({ status }) => status === 200).length, 3);
  assertEquals(answers.filter(({ status }) => status === 507).length, 9);

  const total = async () => (await service.rest(token, "GET", "/api/memories")).json.total;
  const content_hashes = answers.flatMap(({ status, json }) => status === 200 ? [json.content_hash] : []);
  const restore = () => service.rest(token, "POST", "/api/manage/trash/restore", { content_hashes });
  for (const hash of content_hashes) await service.rest(token, "DELETE", `/api/memories/${hash}`);
  assertEquals([(await restore()).status, await total()], [200, 3]);
  for (const hash of content_hashes) await service.rest(token, "DELETE", `/api/memories/${hash}`);
  const admin = await service.key({ rights: "admin" });
  await service.rest(admin.token, "POST", "/api/memories", { content: "Of another." });
  assertEquals([(await restore()).status, await total()], [507, 1]);
  const few = await service.key({ rights: "write", limits: { bytes: 20 } });
  assertEquals((await service.rest(few.token, "POST", "/api/manage/trash/restore", { content_hashes })).status, 507);
});

Deno.test("when a key was used last is known to the hour", async () => {
  const at = Date.UTC(2026, 2, 4, 5, 36);
  await using service = await keyedService({ now: () => at });
  const admin = await service.key({ rights: "admin" }), { key } = await service.key({ rights: "read" });
  const list = async () => (await service.rest(admin.token, "GET", "/api/keys")).json.keys;
  const [first, second] = await until(list, (keys) => keys[0].last_used !== null, "the use to be noted");
  assertEquals([first.last_used, second.id, second.last_used], ["2026-03-04T05:00:00.000000Z", key.id, null]);
});

Deno.test("a revoked key's streams and sessions end, and those of others go on", async () => {
  await using service = await keyedService();
  const gone = await service.key({ rights: "read" }), stays = await service.key({ rights: "read" });
  const initialize = {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } },
  };
  const open = async (token: string) => {
    const headers = json(token);
    const events = await service.app.request("/api/events", { headers });
    const sse = await service.mcp.fetch(new Request("http://localhost/sse", { headers }));
    const begun = await service.mcp.fetch(
      new Request("http://localhost/mcp", { method: "POST", headers, body: JSON.stringify(initialize) }),
    );
    await begun.body?.cancel();
    const session = { ...Object.fromEntries(headers), "mcp-session-id": begun.headers.get("mcp-session-id")! };
    const stream = await service.mcp.fetch(new Request("http://localhost/mcp", { headers: session }));
    assertEquals([events.status, sse.status, begun.status, stream.status], [200, 200, 200, 200]);
    return { readers: [events, sse, stream].map(({ body }) => body!.getReader()), session };
  };
  const ended = async (reader: ReadableStreamDefaultReader<Uint8Array>) => {
    while (!(await reader.read()).done);
    return true;
  };
  const one = await open(gone.token), other = await open(stays.token);
  let open3 = 0;
  const others = other.readers.map((reader) => ended(reader).then(() => open3++));
  await revokeKey(service.runtime, gone.key.name);
  assertEquals(await Promise.all(one.readers.map(ended)), [true, true, true]);
  assertEquals((await service.rest(gone.token, "GET", "/api/memories")).status, 401);
  // Not even with another key does a session go on that isn't its own.
  const stolen = { ...one.session, authorization: `Bearer ${stays.token}` };
  const ping = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "ping" });
  const answer = async (headers: Record<string, string>) => {
    const response = await service.mcp.fetch(
      new Request("http://localhost/mcp", { method: "POST", headers, body: ping }),
    );
    await response.body?.cancel();
    return response.status;
  };
  assertEquals([await answer(stolen), await answer(other.session)], [404, 200]);
  const own = { ...other.session, authorization: `Bearer ${(await service.key({ rights: "admin" })).token}` };
  assertEquals(await answer(own), 404);
  assertEquals(open3, 0);
  await Promise.all(other.readers.map((reader) => reader.cancel()));
  await Promise.all(others);
});

Deno.test("with the store away known keys are believed for ten minutes, others get 503 and not 401", async () => {
  let away = false, now = Date.now();
  const notes = (name: string) => {
    if (away) return Promise.reject(new MemoryError("unavailable", "Cannot read a note: the store is away"));
    return real(name);
  };
  let real: (name: string) => Promise<string | null> = () => Promise.resolve(null);
  await using service = await keyedService({
    now: () => now,
    over: (runtime) => {
      real = (name) => runtime.storage.note(name);
      return { ...runtime, storage: override(runtime.storage, { note: notes }) };
    },
  });
  const { token } = await service.key({ rights: "read" });
  const status = async (sent: string | null) => (await service.rest(sent, "GET", "/api/tags")).status;
  const unknown = `um_000000000000_${"A".repeat(43)}`;
  assertEquals([await status(token), await status(unknown), await status(null)], [200, 401, 401]);
  away = true;
  await service.ring.refresh();
  now += 9 * 60_000;
  assertEquals([await status(token), await status(unknown), await status("not ours")], [200, 503, 401]);
  now += 2 * 60_000;
  assertEquals([await status(token), await status(unknown)], [503, 503]);
  away = false;
  await service.ring.refresh();
  assertEquals([await status(token), await status(unknown)], [200, 401]);
});

Deno.test("while it can't be told whether there are keys, no request is served without one, nor is one called wrong", async () => {
  const away = () => Promise.reject(new MemoryError("unavailable", "Cannot read a note: the store is away"));
  const over = (runtime: Parameters<NonNullable<Parameters<typeof keyedService>[0]>["over"] & object>[0]) => {
    return { ...runtime, storage: override(runtime.storage, { note: away }) };
  };
  await using service = await keyedService({ over });
  const token = `um_000000000000_${"A".repeat(43)}`;
  assertEquals((await service.rest(null, "GET", "/api/tags")).status, 503);
  assertEquals((await service.rest(token, "GET", "/api/tags")).status, 503);
  assertEquals((await service.call(token, "tools/list")).status, 503);
  await using keyed = await keyedService({ over, apiKey: "the key of the settings" });
  assertEquals((await keyed.rest("the key of the settings", "GET", "/api/tags")).status, 200);
});

Deno.test("a replica knows a new key at its first use and a revoked one within two seconds", async () => {
  await using service = await keyedService();
  const replica = new KeyRing(service.runtime.storage, { log: createLogger("error", () => {}) });
  replica.start();
  await replica.settle();
  try {
    await new Promise((resolve) => setTimeout(resolve, 600));
    const { token, key } = await service.key({ rights: "read" });
    assertEquals((await replica.verify(token))?.name, key.name);
    await revokeKey(service.runtime, key.id);
    await until(() => replica.verify(token), (caller) => caller === null, "the replica to refuse the key");
  } finally {
    await replica.stop();
  }
});

Deno.test("keys are made, listed, rotated and ended by admins of all spaces alone", async () => {
  await using service = await keyedService();
  const admin = await service.key({ rights: "admin" });
  const others = [
    await service.key({ rights: "write" }),
    await service.key({ rights: "read" }),
    await service.key({ rights: "admin", write: ["default"] }),
    await service.key({ rights: "admin", write: ["default"], read: "all" }),
  ];
  const body = { name: "more", rights: "admin" };
  for (const { token, key } of others) {
    const tried = [
      await service.rest(token, "POST", "/api/keys", body),
      await service.rest(token, "GET", "/api/keys"),
      await service.rest(token, "POST", `/api/keys/${key.id}/rotate`, {}),
      await service.rest(token, "DELETE", `/api/keys/${admin.key.id}`),
    ];
    for (const { status, json, headers } of tried) {
      assertEquals([status, json.detail.error], [403, "insufficient_scope"]);
      assertStringIncludes(headers.get("www-authenticate")!, 'error="insufficient_scope", scope="read write admin"');
    }
  }
  assertEquals((await service.rest(admin.token, "POST", "/api/keys", body)).status, 200);
  assertEquals((await service.rest(admin.token, "POST", "/api/keys", body)).status, 409);
  assertEquals((await service.rest(admin.token, "DELETE", "/api/keys/more")).status, 200);
  assertEquals((await service.rest(admin.token, "DELETE", "/api/keys/more")).status, 404);
  for (
    const wrong of [
      { name: "", rights: "read" },
      { name: "a\nb", rights: "read" },
      { name: "x", rights: "root" },
      { name: "x", rights: "write", write: ["No Space"] },
      { name: "x", rights: "write", write: [] },
      { name: "x", rights: "read", write: ["default"] },
      { name: "x", rights: "read", expires_in_days: 0 },
      { name: "x", rights: "read", limits: { requests_per_minute: 0 } },
      { name: "x", rights: "read", spaces: ["a"] },
    ]
  ) assertEquals((await service.rest(admin.token, "POST", "/api/keys", wrong)).status, 422, JSON.stringify(wrong));
});

Deno.test("open to everyone by a setting, callers without a key can't make keys or reach other spaces", async () => {
  await using service = await keyedService({ anonymous: true });
  const made = await service.rest(null, "POST", "/api/keys", { name: "mine", rights: "admin" });
  assertEquals(made.status, 400);
  await service.key({ rights: "admin" });
  assertEquals((await service.rest(null, "POST", "/api/memories", FACT)).status, 200);
  assertEquals((await service.rest(null, "GET", "/api/export")).status, 403);
  assertEquals((await service.rest(null, "GET", "/api/keys")).status, 403);
  assertEquals((await service.rest(null, "GET", "/s/other/api/memories")).status, 404);
  assertEquals((await service.rest("wrong", "GET", "/api/memories")).status, 401);
});

Deno.test("whoami says what a key may do", async () => {
  await using service = await keyedService();
  const { token } = await service.key({ name: "ci", rights: "write", write: ["a", "b"], read: ["shared"] });
  assertEquals((await service.rest(token, "GET", "/s/default/api/whoami")).status, 404);
  await using open = await keyedService();
  assertEquals((await open.rest(null, "GET", "/api/whoami")).json, {
    ...{ name: "anonymous", kind: "anonymous", rights: "admin", space: "default", reads: ["default"] },
    ...{ may_write: "all", may_read: "all" },
  });
});
