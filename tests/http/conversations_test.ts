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
  assertEquals((await client.get("/api/health/detailed")).json.storage.conversations, 3);
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

Deno.test("conversations say in which program and about which project they were held, and are narrowed by both", async () => {
  await using client = await openClient();
  const turn = (id: string, content: string, metadata: Record<string, unknown>) =>
    client.store(content, { conversation_id: id, metadata });
  for (let i = 0; i < 3; i++) {
    const project = `/home/mei/${i}`, source = i === 2 ? "codex" : "claude-code";
    await turn(`c${i}`, `Question ${i}`, { source, project, role: "user", title: `Title ${i}` });
    await turn(`c${i}`, `Answer ${i}`, { source, project, role: "assistant", model: `model-${i}` });
  }
  await turn("hooked", "Said in a client", { client: "gemini-cli", source: "hook", project: 7 });
  await turn("bare", "Said somewhere", {});
  const listed = async (query: string) =>
    (await client.get(`/api/conversations?${query}`)).json.conversations as Record<string, unknown>[];
  const facts = (
    { conversation_id, client, project, model, title }: Record<string, unknown>,
  ) => [conversation_id, client, project, model, title];
  assertEquals((await listed("")).map(facts), [
    ["bare", null, null, null, null],
    ["hooked", "gemini-cli", null, null, null],
    ["c2", "codex", "/home/mei/2", "model-2", "Title 2"],
    ["c1", "claude-code", "/home/mei/1", "model-1", "Title 1"],
    ["c0", "claude-code", "/home/mei/0", "model-0", "Title 0"],
  ]);
  const ids = async (query: string) => (await listed(query)).map(({ conversation_id }) => conversation_id);
  assertEquals(await ids("client=claude-code"), ["c1", "c0"]);
  assertEquals(await ids("client=gemini-cli"), ["hooked"]);
  assertEquals(await ids("project=%2Fhome%2Fmei%2F2"), ["c2"]);
  assertEquals(await ids("client=codex&project=%2Fhome%2Fmei%2F0"), []);
  assertEquals(await ids("client=claude-code&limit=1"), ["c1"]);
  assertEquals((await client.get("/api/conversations?client=")).status, 422);
});

Deno.test("what came of a conversation are the memories that cite its turns, in the order of the turns", async () => {
  await using client = await openClient();
  const turn = (content: string, conversation_id = "talk") =>
    client.store(content, { conversation_id, memory_type: "turn", metadata: { role: "user" } });
  const first = await turn("We decided to ship on Fridays."), second = await turn("I prefer short reviews.");
  await turn("Nothing to keep here");
  const other = await turn("We decided to use blue.", "elsewhere");
  const link = (fact: string, target_hash: string, relation_type = "cites") =>
    client.send("POST", `/api/memories/${fact}/relations`, { target_hash, relation_type });
  const late = await client.store("Reviews are short"), strange = await client.store("Blue it is");
  await link(late, second);
  await link(strange, other);
  await link(strange, first, "relates_to");
  const [candidate] = (await client.get("/api/candidates")).json.candidates
    .filter((one: { turn: string }) => one.turn === first);
  const { json: confirmed } = await client.send("POST", `/api/candidates/${candidate.id}`, {
    action: "edit",
    content: "Ships on Fridays",
  });
  const factsOf = async (query: string) => {
    const { json } = await client.get(`/api/conversations/facts?${query}`);
    return [
      json.facts.map((one: { turn: string; memory: { content_hash: string } }) => [one.turn, one.memory.content_hash]),
      json.has_more,
    ];
  };
  assertEquals(await factsOf("conversation_id=talk"), [[[first, confirmed.content_hash], [second, late]], false]);
  assertEquals(await factsOf("conversation_id=talk&limit=1"), [[[first, confirmed.content_hash]], true]);
  assertEquals(await factsOf("conversation_id=elsewhere"), [[[other, strange]], false]);
  assertEquals(await factsOf("conversation_id=none"), [[], false]);
  await client.send("DELETE", `/api/memories/${late}`);
  assertEquals(await factsOf("conversation_id=talk"), [[[first, confirmed.content_hash]], false]);
  assertEquals((await client.get("/api/conversations/facts")).status, 422);
});
