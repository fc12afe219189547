import { assertEquals } from "@std/assert";
import { contentHash } from "../../src/memory/hash.ts";

// Recorded from the Python service.
const STAGING = "The team decided to move the staging database to PostgreSQL 16 because of logical replication.";

Deno.test("a content_hash equals that of existing deployments", () => {
  assertEquals(contentHash(STAGING), "5879512af6865d7b940ff694feb0fd4f6d7781b7a7a9fd75ac670a181ab5248e");
  assertEquals(contentHash(`  ${STAGING.toUpperCase()}\n`), contentHash(STAGING));
});

Deno.test("metadata counts in Python's JSON form with sorted keys and ASCII escapes", () => {
  // hashlib.sha256((STAGING.lower() + json.dumps({...}, sort_keys=True)).encode()).hexdigest()
  assertEquals(
    contentHash(STAGING, { project: "atlas", priority: 2 }),
    contentHash(STAGING, { priority: 2, project: "atlas" }),
  );
  assertEquals(
    contentHash(STAGING, { project: "atlas", priority: 2 }).slice(0, 12),
    "21d85d1193c4",
  );
});

Deno.test("volatile metadata keys do not count", () => {
  assertEquals(contentHash(STAGING, { timestamp: 1, content_hash: "x", embedding: [1] }), contentHash(STAGING));
});
