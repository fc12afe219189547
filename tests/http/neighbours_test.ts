/** What is kept of comparisons must not show in what is found. */

import { assert, assertEquals } from "@std/assert";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { openClient, type TestClient } from "./client.ts";

/** Keys of the memories of each group, and the texts of each pair, sorted. */
async function found(client: TestClient, limit = 500): Promise<{ groups: string[][]; pairs: string[][] }> {
  const duplicates = (await client.get(`/api/manage/duplicates?limit=${limit}`)).json;
  const contradictions = (await client.get(`/api/contradictions?scan=${limit}`)).json;
  const groups = duplicates.groups.map((group: { canonical_hash: string; duplicates: { content_hash: string }[] }) =>
    [group.canonical_hash, ...group.duplicates.map(({ content_hash }) => content_hash)].sort()
  );
  const pairs = contradictions.pairs.map((pair: { first: { content: string }; second: { content: string } }) =>
    [pair.first.content, pair.second.content].sort()
  );
  return { groups, pairs };
}

const OTHERS = ["bridge", "lighthouse", "canteen", "tram", "violin", "greenhouse", "passport", "submarine", "calendar"];
const SHORT = "Backups are kept for 30 days on the second disk.",
  LONG = "Backups are kept for 90 days on the second disk.";

Deno.test("what was compared once is not compared again, and the answers are the same", async () => {
  let searches = 0;
  await using client = await openClient({
    storage: (view) => ({
      candidates: (...args: Parameters<MemoryStorage["candidates"]>) => {
        searches++;
        return view.candidates(...args);
      },
    }),
  });
  for (const one of OTHERS) await client.store(`The ${one} was painted last summer`);
  const first = await client.store("The office opens at nine on every working day.");
  const second = await client.store("The office opens at nine on every working day!");
  await client.store(SHORT);
  await client.store(LONG);
  searches = 0;
  const before = await found(client);
  assert(before.groups.some((group) => group.includes(first) && group.includes(second)), JSON.stringify(before.groups));
  assertEquals(before.pairs, [[SHORT, LONG]]);
  const looked = searches;
  // One for each memory: what duplicates compared, contradictions don't.
  assertEquals(looked, OTHERS.length + 4);
  assertEquals(await found(client), before);
  assertEquals(searches, looked);
  const third = await client.store("The office opens at nine on every working day…");
  const after = await found(client);
  assertEquals(searches, looked + 1);
  assert(after.groups.some((group) => [first, second, third].every((hash) => group.includes(hash))));
});

Deno.test("memories that go, come back or were stored under an earlier time are found as if for the first time", async () => {
  await using client = await openClient();
  const old = await client.store(SHORT), twin = await client.store("Backups are kept for 30 days on the second disk!");
  for (let i = 0; i < 12; i++) await client.store(`Ferry ${i} to the island leaves from pier ${i}`);
  const text = "Backups are kept for 30 days on the second disk;", young = await client.store(text);
  // The newest alone is looked at, so that what is older is found by it or not at all.
  const groupOf = async () => (await found(client, 1)).groups.flat();
  const all = [old, twin, young].sort();
  assertEquals(await groupOf(), all);

  await client.send("DELETE", `/api/memories/${twin}`);
  assertEquals(await groupOf(), [old, young].sort());
  await client.send("POST", "/api/manage/trash/restore", { content_hashes: [twin] });
  assertEquals(await groupOf(), all);

  await client.send("POST", `/api/memories/${twin}/supersede`, { new_hash: old });
  assertEquals(await groupOf(), [old, young].sort());
  await client.send("DELETE", `/api/memories/${twin}/supersede`);
  assertEquals(await groupOf(), all);

  const merge = { canonical_hash: old, duplicate_hashes: [twin] };
  await client.send("POST", "/api/manage/duplicates/merge", merge);
  assertEquals(await groupOf(), [old, young].sort());
  await client.send("POST", "/api/manage/trash/restore", { content_hashes: [twin] });
  assertEquals(await groupOf(), all);

  await client.store("Something else that is newer than all the others");
  const ofTwo = async () => (await found(client, 2)).groups.flat();
  assertEquals(await ofTwo(), all);
  const early = await client.store("Backups are kept for 30 days on the second disk.\n.", { created_at: 1000 });
  assertEquals(await ofTwo(), [...all, early].sort());
});
