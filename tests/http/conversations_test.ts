import { assertEquals } from "@std/assert";
import { openClient } from "./client.ts";

Deno.test("conversations are listed by their last turn, each once over all pages", async () => {
  await using client = await openClient();
  for (let turn = 0; turn < 6; turn++) {
    for (const name of ["a", "b", "c"]) {
      if (name === "c" && turn > 1) continue;
      await client.store(`${name} says ${turn}`, { conversation_id: name, tags: [name] });
    }
    await client.store(`Apart ${turn}`);
  }
  await client.store("Chunk of a document", { conversation_id: "document:x" });
  const { conversations, next_before } = (await client.get("/api/conversations")).json;
  const facts = conversations.map((
    one: Record<string, unknown>,
  ) => [one.conversation_id, one.turns, one.opening, one.tags]);
  assertEquals(facts, [["b", 6, "b says 0", ["b"]], ["a", 6, "a says 0", ["a"]], ["c", 2, "c says 0", ["c"]]]);
  assertEquals(next_before, null);

  const seen: string[] = [];
  for (let before: number | null = null, pages = 0; pages < 20; pages++) {
    const query: string = before === null ? "limit=1" : `limit=1&created_before=${before}`;
    const { json } = await client.get(`/api/conversations?${query}`);
    seen.push(...json.conversations.map((one: { conversation_id: string }) => one.conversation_id));
    before = json.next_before;
    if (before === null) break;
  }
  assertEquals(seen, ["b", "a", "c"]);
});

Deno.test("a conversation whose turns were replaced or deleted counts what is current", async () => {
  await using client = await openClient();
  const old = await client.store("The port is 80", { conversation_id: "ports" });
  const now = await client.store("The port is 81", { conversation_id: "ports" });
  await client.send("POST", `/api/memories/${old}/supersede`, { new_hash: now });
  const [{ turns, opening, first_at, last_at }] = (await client.get("/api/conversations")).json.conversations;
  assertEquals([turns, opening, first_at], [1, "The port is 81", last_at]);
  await client.send("DELETE", `/api/memories/${now}`);
  await client.send("DELETE", `/api/memories/${old}`);
  assertEquals((await client.get("/api/conversations")).json, { conversations: [], next_before: null });
});
