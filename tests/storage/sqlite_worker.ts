/**
 * A process of its own for tests: opens the store named by the first argument and does what the second one says,
 * reporting a line at a time.
 */

import { openStorage } from "../../src/storage/factory.ts";
import { embedded, hashOf, MODEL } from "./fixtures.ts";

const [path = "", task = "", from = "0", count = "0"] = Deno.args;
const storage = await openStorage({ backend: "sqlite", path });
await storage.registerModel(MODEL);

if (task === "store") {
  for (let i = Number(from); i < Number(from) + Number(count); i++) {
    await storage.store([embedded(i, { content: `Worker memory ${i}`, tags: ["worker"] })]);
    console.log(hashOf(i)); // only now it counts as answered
  }
} else if (task === "follow") {
  // Answers each line on stdin with what a search and a listing find now.
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const text of lines) {
    const { candidates } = await storage.candidates({ text: text.trim(), vector: null, filter: {}, limit: 100 });
    const { total } = await storage.list({ filter: {}, offset: 0, limit: 0 });
    const tags = await storage.tags();
    console.log(JSON.stringify({ found: candidates.length, total, tags: tags.map(({ tag }) => tag).toSorted() }));
  }
}
if (task === "churn") {
  // Moves one memory to and fro and tags it; reports each tag that was taken.
  for (let i = Number(from); i < Number(from) + Number(count); i++) {
    await storage.restore([hashOf(7)]);
    if (await storage.update(hashOf(7), { add_tags: [`${i}`] }, 1_800_000_000 + i) !== null) console.log(i);
    await storage.trash([hashOf(7)], { at: i, reason: "deleted" });
  }
}
await storage.close();
