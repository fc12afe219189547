import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidRequestError, Unimem } from "../src/mod.ts";
import { freshClient } from "./service.ts";

test("Node stores and finds a memory, and follows what happens", async () => {
  const memory = freshClient();
  const stop = new AbortController(), events = memory.events({ signal: stop.signal });
  const first = events.next();
  const stored = await memory.store("Staging runs PostgreSQL 16.", { tags: ["infra"] });
  assert.equal(stored.success, true);
  const { results } = await memory.search("which database does staging use?");
  assert.deepEqual(results.map(({ memory }) => memory.content), ["Staging runs PostgreSQL 16."]);
  // The stream may have opened after the store; then the next one is told.
  await memory.store("Deploys are on Thursdays.");
  assert.equal((await first).value?.type, "memory_stored");
  stop.abort();
  assert.equal((await events.next()).done, true);
});

test("Node uploads a document and streams an export", async () => {
  const memory = freshClient();
  const queued = await memory.upload(new Blob(["Staging runs PostgreSQL 16."]), "notes.txt");
  assert.ok(queued);
  const response = await memory.stream("exportMemories");
  assert.match(await response.text(), /"kind":"header"/);
});

test("errors keep their class and their faults", async () => {
  await assert.rejects(() => freshClient().store(" "), (error) => {
    assert.ok(error instanceof InvalidRequestError);
    assert.deepEqual(error.faults.map(({ loc }) => loc), [["body", "content"]]);
    return true;
  });
  assert.throws(() => new Unimem({ url: "nowhere" }), TypeError);
});
