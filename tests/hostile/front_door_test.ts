import { openClient } from "../http/client.ts";
import { assertEquals } from "@std/assert";
import { connectInMemory } from "../mcp/clients.ts";
import { assertLinear } from "./growth.ts";
import { HOSTILE_SHAPES } from "./shapes.ts";

/** Shapes that patterns of the analyser were slow on, by the beginning of their names. */
const SLOW = [
  "repeats of U+0020",
  "repeats of U+000A",
  "repeats of [",
  "repeats of U+0301",
  "a, repeats of U+0020, b",
  "?, repeats of U+0020, x",
  "U+0301 and U+2028 in turn",
  "different numbers",
];
const shapes = HOSTILE_SHAPES.filter(({ name }) => SLOW.includes(name));
/** The largest content is 100,000 characters, the longest query 10,000. */
const CONTENT = { largest: 64 * 1024 }, QUERY = { largest: 8 * 1024 };
/** Without a model, whose work is counted by tokens and done in another thread. */
const NO_MODEL = { embeddings: { serving: null }, operations: { modelWaitMs: 0 } };

Deno.test("every shape that was slow is tried", () => assertEquals(shapes.length, SLOW.length));

Deno.test("a store over REST takes time by the content's length only", async () => {
  await using client = await openClient(NO_MODEL);
  let count = 0;
  await assertLinear(
    async (text) => {
      const { status } = await client.send("POST", "/api/memories", { content: `x${++count}${text}` });
      assertEquals(status, 200);
    },
    shapes,
    CONTENT,
  );
});

Deno.test("a store over MCP, its search and its listing take time by the content's length only", async () => {
  await using client = await openClient(NO_MODEL);
  const mcp = await connectInMemory(client.runtime);
  let count = 0;
  try {
    await assertLinear(
      async (text) => {
        const stored = await mcp.call("store_memory", { content: `x${++count}${text}` });
        assertEquals(stored.isError, false);
        const found = await mcp.call("search", { mode: "recent", k: 1, detail: "snippets" });
        assertEquals(found.isError, false);
      },
      shapes,
      CONTENT,
    );
  } finally {
    await mcp.close();
  }
});

Deno.test("a search takes time by the query's length only, in every mode", async () => {
  await using client = await openClient(NO_MODEL);
  for (const { make } of shapes) await client.store(`x ${make(4096)}`);
  for (const mode of ["hybrid", "exact"]) {
    await assertLinear(
      async (text) => {
        assertEquals((await client.send("POST", "/api/search", { query: `x${text}`, mode })).status, 200);
      },
      shapes,
      QUERY,
    );
  }
});
