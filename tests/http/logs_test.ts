/** The last lines of the log over REST. */

import { openClient } from "./client.ts";
import { assert, assertEquals } from "@std/assert";
import { createLogger } from "../../src/operations/logger.ts";

interface Line {
  n: number;
  level: string;
  message: string;
  fields: Record<string, unknown>;
}

Deno.test("the last lines are given newest first, by level, with and without requests", async () => {
  const log = createLogger("info", () => {});
  await using client = await openClient({ http: { log } });
  log.debug("Dropped by the level");
  log.warning("The disk is nearly full", { free: 12 });
  log.error("Cannot reach the model");
  const { json } = await client.get("/api/logs?requests=false");
  assertEquals(json.lines.map(({ level, message, fields }: Line) => [level, message, fields]), [
    ["error", "Cannot reach the model", {}],
    ["warning", "The disk is nearly full", { free: 12 }],
  ]);
  assertEquals(json.replica.process, Deno.pid);
  const { json: { lines: all } } = await client.get("/api/logs");
  assertEquals([all[0].message, all[0].fields.operation], ["Request answered", "readLogs"]);
  assert(all.every(({ n }: Line, i: number) => i === 0 || n < all[i - 1].n));
  assertEquals((await client.get("/api/logs?level=error")).json.lines.length, 1);
  assertEquals((await client.get("/api/logs?limit=1&level=warning")).json.lines.length, 1);
  for (const query of ["limit=0", "limit=501", "level=loud", "requests=maybe"]) {
    assertEquals((await client.get(`/api/logs?${query}`)).status, 422, query);
  }
});

Deno.test("a busy hour of requests doesn't push out what went wrong, and memory stays bounded", async () => {
  const log = createLogger("info", () => {});
  await using client = await openClient({ http: { log } });
  log.error("The first fault");
  for (let i = 0; i < 5000; i++) log.info("Request answered", { request: String(i) });
  const { json: { lines } } = await client.get("/api/logs?level=error");
  assertEquals(lines.map(({ message }: Line) => message), ["The first fault"]);
  for (let i = 0; i < 5000; i++) log.warning(`Warning ${i} ${"x".repeat(10_000)}`);
  const { json } = await client.get("/api/logs?limit=500&requests=false");
  assertEquals([json.lines.length, json.lines[0].message.slice(0, 12)], [500, "Warning 4999"]);
  assert(json.lines[0].message.length <= 2000);
  assertEquals([...log.recent!.newest(true)].length, 1000);
});

Deno.test("secrets in lines are hidden, in messages and in fields", async () => {
  const log = createLogger("info", () => {}), key = "the key of this service";
  await using client = await openClient({ http: { log, apiKey: key } });
  const secrets = [
    key,
    `um_laptop_${"aB3-".repeat(10)}`,
    "sk-proj-abcdefghijklmnopqrstuvwxyz",
    "Authorization: Bearer abcdefghijklmnop",
    "https://ann:hunter2hunter2@qdrant.example:6333/x",
    "api_key=0123456789abcdef",
    '{"password": "hunter2hunter2"}',
    "token: hunter2hunter2",
  ];
  for (const secret of secrets) log.warning(`Cannot reach it: ${secret} failed`, { about: secret });
  const { json: { lines }, text } = await client.get("/api/logs?requests=false", { "X-API-Key": key });
  assertEquals(lines.length, secrets.length);
  for (const part of [key, "um_laptop", "sk-proj", "abcdefghijklmnop", "hunter2", "0123456789abcdef"]) {
    assert(!text.includes(part), part);
  }
  for (const { message } of lines) assert(/^Cannot reach it: .* failed$/.test(message), message);
});
