import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { estimateTokens } from "../../src/memory/sizing.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { storeBatch, StoreBatchInput } from "../../src/operations/store.ts";
import { type CallResult, type TestClient, withClient } from "./clients.ts";

const textOf = (result: CallResult) => result.content[0]!.text;

/** Calls a tool that must succeed; its structured content. */
// deno-lint-ignore no-explicit-any -- each test knows the shape it asks for
async function call(client: TestClient, name: string, args: Record<string, unknown> = {}): Promise<any> {
  const result = await client.call(name, args);
  assertEquals(result.isError, false, `${name}: ${textOf(result)}`);
  return result.structuredContent;
}

async function stored(client: TestClient, content: string, fields: Record<string, unknown> = {}): Promise<string> {
  return (await call(client, "store_memory", { content, ...fields })).result.content_hash;
}

/** Stores contents of a time and a conversation; their hashes. */
async function dated(
  runtime: Runtime,
  memories: [content: string, created_at: string | number, conversation: string | null][],
): Promise<string[]> {
  const input = memories.map(([content, created_at, conversation_id]) => ({
    content,
    conversation_id,
    created_at,
    tags: ["gateway"],
    metadata: {},
  }));
  const { results } = await storeBatch(runtime, StoreBatchInput.parse({ memories: input }));
  return results.map(({ content_hash }) => content_hash!);
}

Deno.test("search answers connectors in the shape they read, and fetch gives the result whole", async () => {
  await withClient(async (client) => {
    const id = await stored(client, "The harbour crane is serviced every March.", { tags: ["harbour"] });
    const result = await client.call("search", { query: "crane service" });
    const { results } = JSON.parse(textOf(result));
    assertEquals(results, [{
      id,
      title: "The harbour crane is serviced every March.",
      url: `memory://${id}`,
      text: "The harbour crane is serviced every March.",
    }]);
    const structured = result.structuredContent!.results as Record<string, unknown>[];
    assertEquals([structured[0]!.id, structured[0]!.tags], [id, ["harbour"]]);
    const fetched = await call(client, "fetch", { id });
    assertEquals([fetched.id, fetched.text, fetched.metadata.tags], [
      id,
      "The harbour crane is serviced every March.",
      ["harbour"],
    ]);
  }, { name: "openai-mcp" });
});

Deno.test("search and the older tools find what one role said", async () => {
  await withClient(async (client) => {
    const asked = await stored(client, "User: the crane squeaks", { conversation_id: "talk", tags: ["yard"] });
    const answered = await stored(client, "The crane needs oil", {
      tags: ["yard"],
      metadata: { role: "assistant" },
    });
    for (const [role, id] of [["user", asked], ["assistant", answered]]) {
      const { results } = await call(client, "search", { query: "crane", role });
      const { memories } = await call(client, "retrieve_memory", { query: "crane", role });
      const listed = await call(client, "list_memories", { role });
      const tagged = await call(client, "search_by_tag", { tags: "yard", role });
      const alone = await call(client, "search", { role });
      const hashes = (all: { content_hash: string }[]) => all.map(({ content_hash }) => content_hash);
      assertEquals(results.map((result: { id: string }) => result.id), [id]);
      assertEquals([memories, listed.memories, tagged.memories].map(hashes), [[id], [id], [id]]);
      assertEquals(alone.results.map((result: { id: string }) => result.id), [id]);
    }
  });
});

Deno.test("asked to explain, results say what made their scores", async () => {
  await withClient(async (client) => {
    await stored(client, "Assistant: the parser drops commas", { conversation_id: "c" });
    await stored(client, "User: does the parser drop commas?", { conversation_id: "c" });
    const args = { query: "parser commas", mode: "hybrid" };
    for (const [name, field] of [["search", "results"], ["retrieve_memory", "memories"]] as const) {
      const plain = await call(client, name, args), explained = await call(client, name, { ...args, explain: true });
      const reasons = (answer: Record<string, { relevance_reason?: string }[]>) =>
        answer[field]!.map(({ relevance_reason }) => relevance_reason).sort().join();
      assertEquals(reasons(plain), ",");
      for (const part of ["Semantic similarity", "words", "neighbours", "an assistant speaks: ×", "asks: ×"]) {
        assertStringIncludes(reasons(explained), part);
      }
    }
    const text = textOf(await client.call("search", { ...args, explain: true }));
    assertStringIncludes(text, "an assistant speaks: × 0.50");
  });
});

Deno.test("agents learn where relevance ends, and can have nothing where nothing fits", async () => {
  await withClient(async (client) => {
    await stored(client, "The crane in the harbour squeaks when it turns");
    await stored(client, "Invoices are due within thirty days");
    const asked = { query: "Why does the harbour crane squeak?", mode: "hybrid" };
    assertStringIncludes(textOf(await client.call("search", asked)), "1 of 2 relevant.");
    const foreign = { query: "Who painted the ceiling of the chapel?", mode: "hybrid" };
    assertStringIncludes(textOf(await client.call("search", foreign)), "None of 2 is likely what was asked for.");
    for (const [name, field] of [["search", "results"], ["retrieve_memory", "memories"]] as const) {
      const found = async (args: Record<string, unknown>) =>
        await call(client, name, { ...args, min_relevance: "auto" });
      const fitting = await found(asked), nothing = await found(foreign);
      assertEquals([fitting[field].length, fitting.relevant], [1, 1]);
      assert(fitting[field][0].relevance > 0.6);
      assertEquals([nothing[field], nothing.relevant, nothing.total], [[], 0, 0]);
      // A text is advertised, which can be a number as well.
      const cut = await call(client, name, { ...asked, min_relevance: "0.5" });
      assertEquals(cut, await call(client, name, { ...asked, min_relevance: 0.5 }));
      assertEquals(cut[field].length, 1);
      for (
        const [min_relevance, must] of [["1.5", "must be at most 1"], ["all", "must be a number from 0 to 1 or auto"]]
      ) {
        const refused = await client.call(name, { ...asked, min_relevance });
        assertStringIncludes(textOf(refused), `min_relevance ${must}, got `);
      }
    }
  });
});

Deno.test("agents get the passage of a long memory that matched, and results in time order", async () => {
  await withClient(async (client) => {
    const filler = "The day went by without anything of note in the office. ".repeat(40);
    const content = `${filler}The harbour crane was repaired by Kiran in March. ${filler}`;
    await stored(client, content);
    await stored(client, "Kiran moved the harbour crane in May");
    const args = { query: "When did Kiran repair the harbour crane?", mode: "hybrid", order: "time" };
    const { results } = await call(client, "search", { ...args, detail: "snippets" });
    assertStringIncludes(results[0].content, "…The harbour crane was repaired by Kiran in March.");
    assertEquals(results[0].content_length, content.length);
    const { start, end } = results[0].passage;
    assertStringIncludes(content.slice(start, end), "repaired by Kiran");
    assertEquals(results[1].passage, undefined);
    const { memories } = await call(client, "retrieve_memory", args);
    assertEquals([memories[0].passage, memories[1].passage], [{ start, end }, undefined]);
    assertStringIncludes(textOf(await client.call("search", args)), `matched at ${start}`);
  });
});

Deno.test("search finds in every mode and gives agents compact text", async () => {
  await withClient(async (client) => {
    const id = await stored(client, "Kiran prefers the blue logo.", { tags: ["atlas"], memory_type: "decision" });
    const other = await stored(client, "Ben dislikes the green logo.", { tags: ["ops"] });
    for (
      const args of [
        { query: "Kiran blue logo", mode: "hybrid", k: 1 },
        { query: "Kiran blue logo", mode: "semantic", page_size: 1 },
        { query: "blue logo", mode: "exact" },
        { mode: "tag", tags: "atlas" },
        { mode: "recent", memory_type: "decision" },
        { query: other, mode: "similar" },
        { query: "Kiran blue logo", mode: "scan", k: 1 },
      ]
    ) {
      const result = await client.call("search", args);
      const { results } = result.structuredContent as { results: { id: string }[] };
      assertEquals(results.map((entry) => entry.id), [id], JSON.stringify(args));
      assertStringIncludes(textOf(result), `id ${id.slice(0, 10)}`);
      assertStringIncludes(textOf(result), "#atlas");
    }
  });
});

Deno.test("search gives the turns around a result in the order they were said", async () => {
  await withClient(async (client) => {
    const turns = ["Ana: hello there", "Ben: hi", "Ana: the marathon is in October", "Ben: nice", "Ana: yes"];
    for (const content of turns) await stored(client, content, { conversation_id: "talk" });
    const { results } = await call(client, "search", { query: "marathon October", k: 1, context: 2 });
    assertEquals([results[0].conversation_id, results[0].content], ["talk", turns[2]]);
    const contents = (list: { content: string }[]) => list.map(({ content }) => content);
    assertEquals([contents(results[0].before), contents(results[0].after)], [turns.slice(0, 2), turns.slice(3)]);
    const fetched = await call(client, "fetch", { id: results[0].id, context: 1 });
    assertEquals([fetched.before[0].text, fetched.after[0].text], ["Ben: hi", "Ben: nice"]);
  });
});

Deno.test("reading tools keep within max_tokens and say what they left out", async () => {
  await withClient(async (client, runtime) => {
    const memories = Array.from({ length: 20 }, (_, i) => ({
      content: `Fact ${i} about turbines. ${"They hum quietly in the wind. ".repeat(30)}`,
      tags: ["turbine"],
      metadata: {},
    }));
    await storeBatch(runtime, { memories });
    for (
      const [tool, args, list] of [
        ["search", { query: "turbines", page_size: 20 }, "results"],
        ["retrieve_memory", { query: "turbines", page_size: 20 }, "memories"],
        ["search_by_tag", { tags: "turbine", page_size: 20 }, "memories"],
        ["list_memories", { page_size: 20 }, "memories"],
        ["find_duplicates", { similarity_threshold: 0.5 }, "groups"],
      ] as const
    ) {
      const whole = await client.call(tool, args);
      assertEquals([whole.isError, whole.structuredContent!.omitted], [false, undefined], tool);
      const cut = await client.call(tool, { ...args, max_tokens: 300 });
      assert(estimateTokens(textOf(cut)) <= 350, `${tool}: ${estimateTokens(textOf(cut))}`);
      const { omitted = 0, truncated, ...rest } = cut.structuredContent as { omitted?: number; truncated: boolean };
      const [all, kept] = [whole.structuredContent!, rest as Record<string, unknown>].map((part) => part[list]);
      assertEquals((kept as unknown[]).length + omitted, (all as unknown[]).length, tool);
      assert(truncated, tool);
    }
    const ids = await call(client, "list_memories", { detail: "ids" });
    assertEquals(Object.keys(ids.memories[0]), ["content_hash"]);
    const snippets = await call(client, "retrieve_memory", { query: "turbines", detail: "snippets" });
    assert(snippets.memories[0].content.length < 260 && snippets.memories[0].content_length > 800);
    const { text, omitted, truncated } = await call(client, "fetch", {
      id: ids.memories[0].content_hash,
      max_tokens: 200,
    });
    assert(text.length < 800 && omitted > 0 && truncated);
    const rest = await call(client, "fetch", { id: ids.memories[0].content_hash, offset: text.length });
    assertEquals(text + rest.text, memories[19]!.content);
  });
});

Deno.test("relation adds, walks in both directions and removes", async () => {
  await withClient(async (client) => {
    const [a, b, c] = [await stored(client, "a1"), await stored(client, "b2"), await stored(client, "c3")];
    const link = { action: "add", content_hash: a, target_hash: b, relation_type: "SUPPORTS" };
    assertEquals((await call(client, "relation", link)).relation_type, "supports");
    assertEquals((await call(client, "relation", link)).success, false);
    await call(client, "relation", { action: "create", content_hash: c, target_hash: b });
    const near = await call(client, "relation", { action: "list", content_hash: a });
    assertEquals([near.count, near.relations[0].direction, near.memories[0].content_hash], [1, "outgoing", b]);
    const far = await call(client, "relation", { action: "get", content_hash: a, depth: 2 });
    assertEquals(far.memories.map((memory: { content_hash: string }) => memory.content_hash), [b, c]);
    assertEquals(far.relations.map((relation: { direction: string }) => relation.direction), ["outgoing", "incoming"]);
    const typed = await call(client, "relation", { action: "list", content_hash: b, relation_type: "supports" });
    assertEquals(typed.count, 1);
    assertEquals((await call(client, "relation", { ...link, action: "remove" })).success, true);
    assertEquals((await call(client, "relation", { action: "list", content_hash: a })).count, 0);
  });
});

Deno.test("a superseded memory is left out of searches and lists, and stays readable with its dates", async () => {
  await withClient(async (client) => {
    const old = await stored(client, "The gate code is 4711.", { tags: ["gate"] });
    const now = await stored(client, "The gate code is 4712.", { tags: ["gate"] });
    const pairs = (await call(client, "memory_contradictions")).pairs;
    assertEquals([pairs.length, pairs[0].first.content_hash, pairs[0].evidence[0].kind], [1, old, "numbers"]);
    const done = await call(client, "memory_supersede", { old_id: old, new_id: now, reason: "changed" });
    assertEquals([done.superseded, done.superseded_by], [old, now]);
    for (
      const [tool, args] of [
        ["search", { query: "gate code" }],
        ["search", { query: "4711", mode: "exact" }],
        ["retrieve_memory", { query: "gate code 4711" }],
        ["search_by_tag", { tags: "gate" }],
        ["list_memories", {}],
      ] as const
    ) {
      const hidden = await call(client, tool, args);
      const found = (hidden.results ?? hidden.memories) as { id?: string; content_hash?: string }[];
      assertEquals(found.filter(({ id, content_hash }) => (id ?? content_hash) === old), [], tool);
      const shown = await call(client, tool, { ...args, include_superseded: true });
      assertEquals((shown.results ?? shown.memories).length, found.length + 1, tool);
    }
    const { metadata } = await call(client, "fetch", { id: old });
    assertEquals([metadata.superseded_by, metadata.superseded_reason], [now, "changed"]);
    assert(metadata.valid_from < metadata.valid_until);
    assertEquals((await call(client, "memory_contradictions")).count, 0);
    const { relations } = await call(client, "relation", { action: "list", content_hash: old });
    assertEquals([relations[0].source, relations[0].relation_type], [now, "supersedes"]);
  });
});

Deno.test("contradictions are marked or found, and resolved by a relation of another type", async () => {
  await withClient(async (client) => {
    const likes = await stored(client, "Kiran likes the blue logo for Atlas.");
    const not = await stored(client, "Kiran does not like the blue logo for Atlas.");
    const [x, y] = [await stored(client, "Ana lives in Rome."), await stored(client, "Ana's flat is in Oslo.")];
    await call(client, "relation", { action: "add", content_hash: x, target_hash: y, relation_type: "contradicts" });
    const { pairs } = await call(client, "memory_contradictions");
    assertEquals(pairs.map((pair: { evidence: { kind: string }[] }) => pair.evidence[0]!.kind), ["marked", "negation"]);
    await call(client, "relation", { action: "add", content_hash: likes, target_hash: not });
    assertEquals((await call(client, "memory_contradictions", { detail: "ids" })).count, 1);
  });
});

Deno.test("duplicates are found with evidence and merged", async () => {
  await withClient(async (client) => {
    const [first, second] = [
      await stored(client, "Ship on  Friday", { tags: ["a"] }),
      await stored(client, "ship on friday!"),
    ];
    const third = await stored(client, "Ship on Friday", { tags: ["b"] });
    const { groups } = await call(client, "find_duplicates", { strategy: "keep_oldest" });
    assertEquals([groups.length, groups[0].canonical_hash], [1, first]);
    const merge = { canonical_hash: first, duplicate_hashes: [second, third] };
    assertEquals((await call(client, "merge_duplicates", { ...merge, dry_run: true })).affected_count, 2);
    assertEquals((await call(client, "merge_duplicates", merge)).tags, ["a", "b"]);
    assertEquals((await call(client, "list_memories")).total, 1);
  });
});

Deno.test("update_memory changes labels and nothing else", async () => {
  await withClient(async (client) => {
    const content_hash = await stored(client, "Labelled.", { tags: ["a"], metadata: { k: 1 } });
    await call(client, "update_memory", { content_hash, tags: "b,c", metadata: { l: 2 } });
    const { memories } = await call(client, "list_memories");
    assertEquals([memories[0].tags, memories[0].metadata], [["b", "c"], { k: 1, l: 2 }]);
  });
});

Deno.test("wrong arguments of the newer tools are tool errors that say what to do", async () => {
  const hash = "a".repeat(64);
  const cases: [string, Record<string, unknown>, string][] = [
    ["search", { mode: "tag" }, "Cannot search in mode tag: tags must name at least one tag"],
    ["search", {}, "Cannot search in mode hybrid: query must name what to look for"],
    ["search", { query: "x", k: 500 }, "k must be at most 100, got 500"],
    ["search", { query: "x", max_tokens: 1 }, "max_tokens must be at least 50, got 1"],
    ["search", { query: "x", detail: "most" }, "detail must be one of ids, snippets, full"],
    ["fetch", { id: "x" }, "id must be a content_hash of 64 hexadecimal digits, or its first 10 or more"],
    ["fetch", { id: hash }, `Cannot get memory ${hash}`],
    ["relation", { action: "add", content_hash: hash }, "target_hash is required to add"],
    ["relation", { action: "add", content_hash: hash, target_hash: hash }, "to itself"],
    ["relation", { action: "list", content_hash: hash, depth: 4 }, "depth must be at most 3"],
    ["relation", { action: "eat", content_hash: hash }, "action must be one of"],
    ["memory_supersede", { old_id: hash, new_id: hash }, "by itself"],
    ["memory_supersede", { old_id: hash }, "new_id is required"],
    ["memory_contradictions", { limit: 0 }, "limit must be at least 1"],
    ["find_duplicates", { strategy: "none" }, "strategy must be one of"],
    ["merge_duplicates", { canonical_hash: hash, duplicate_hashes: [] }, "duplicate_hashes must have at least 1 items"],
    ["update_memory", { content_hash: hash, tags: ["x"] }, `Cannot update memory ${hash}`],
  ];
  await withClient(async (client) => {
    for (const [tool, args, expected] of cases) {
      const result = await client.call(tool, args);
      assertEquals(result.isError, true, JSON.stringify(args));
      assertStringIncludes(textOf(result), expected);
    }
  });
});

Deno.test("agents get an exchange as one result, in text, in JSON and in every level of detail", async () => {
  await withClient(async (client, runtime) => {
    const talk = [
      "User: How do I calibrate the barometer?",
      "Assistant: Set the altitude of the station to calibrate it.",
    ];
    const ids = await dated(runtime, talk.map((content, i) => [content, 1_700_000_000 + i, "station"]));
    const args = { query: "calibrate the barometer altitude", mode: "hybrid", exchanges: true };
    const text = textOf(await client.call("search", args));
    assertStringIncludes(text, "1 of 1. ");
    for (const [i, content] of talk.entries()) assertStringIncludes(text, `${content}`, ids[i]);
    for (const id of ids) assertStringIncludes(text, `id ${id.slice(0, 10)}`);
    for (const detail of ["full", "snippets", "ids"]) {
      const { results: [result], total } = await call(client, "search", { ...args, detail });
      const { memories: [memory] } = await call(client, "retrieve_memory", { ...args, detail });
      assertEquals([result.id, result.exchange.id].toSorted(), ids.toSorted());
      assertEquals([memory.content_hash, memory.exchange.content_hash].toSorted(), ids.toSorted());
      assertEquals(
        [result.exchange.part, memory.exchange.part],
        result.id === ids[0] ? ["answer", "answer"] : [
          "question",
          "question",
        ],
      );
      assertEquals([total, result.exchange.content !== undefined], [1, detail !== "ids"]);
    }
    const apart = await call(client, "retrieve_memory", { ...args, exchanges: false });
    assertEquals([apart.total, apart.memories[0].exchange], [2, undefined]);
  });
});

Deno.test("agents are told when a question's words chose the order, and can list oldest first", async () => {
  await withClient(async (client, runtime) => {
    // The newer one first: what is stored last must not win for that.
    const [now, old] = await dated(runtime, [
      ["The gateway listens on port 9443", "2026-03-01", null],
      ["The gateway listens on port 8443", "2024-03-01", null],
    ]);
    const args = { query: "Which port does the gateway listen on now?", mode: "hybrid" };
    const { results, temporal_intent } = await call(client, "search", args);
    assertEquals([results[0].id, temporal_intent], [now, "now"]);
    assertStringIncludes(textOf(await client.call("search", args)), "newer before older");
    assertEquals((await call(client, "retrieve_memory", args)).memories[0].content_hash, now);
    const hashes = async (tool: string, more: Record<string, unknown>) =>
      (await call(client, tool, more)).memories.map(({ content_hash }: { content_hash: string }) => content_hash);
    assertEquals(await hashes("search_by_tag", { tags: "gateway", order: "time" }), [old, now]);
    assertEquals(await hashes("search_by_tag", { tags: "gateway" }), [now, old]);
    assertEquals(await hashes("list_memories", { order: "time" }), [old, now]);
    const modes = [{ mode: "tag", tags: "gateway" }, { mode: "recent" }, { mode: "exact", query: "gateway" }];
    for (const mode of modes) {
      const found = await call(client, "search", { ...mode, order: "time" });
      assertEquals(found.results.map(({ id }: { id: string }) => id), [old, now], JSON.stringify(mode));
    }
  });
});

Deno.test("a bare search and an exact one show the passage of a long memory that matched", async () => {
  await withClient(async (client) => {
    const filler = "The day went by without anything of note in the office. ".repeat(400);
    await stored(client, `${filler}The harbour crane was repaired by Kiran in March. ${filler}`);
    assertStringIncludes(
      textOf(await client.call("search", { query: "Who repaired the crane?" })),
      "repaired by Kiran",
    );
    const { results } = await call(client, "search", {
      query: "crane was repaired",
      mode: "exact",
      detail: "snippets",
    });
    assertStringIncludes(results[0].content, "…The harbour crane was repaired by Kiran");
  });
});

Deno.test("connectors read the passage of a long memory that matched, and both turns of an exchange", async () => {
  await withClient(async (client, runtime) => {
    const filler = "The day went by without anything of note in the office. ".repeat(400);
    const ids = await dated(runtime, [
      ["User: who repaired the harbour crane?", 1_700_000_000, "crane"],
      [`Assistant: ${filler}The harbour crane was repaired by Kiran in March. ${filler}`, 1_700_000_001, "crane"],
    ]);
    const answer = await client.call("search", { query: "Who repaired the harbour crane?" });
    const { results } = JSON.parse(textOf(answer)) as { results: { id: string; text: string }[] };
    assertEquals(results.map(({ id }) => id).toSorted(), ids.toSorted());
    assertStringIncludes(results.find(({ id }) => id === ids[1])!.text, "The harbour crane was repaired by Kiran");
  }, { name: "openai-mcp" });
});

Deno.test("similar to a memory are only those that the filters leave, counted on every page", async () => {
  await withClient(async (client) => {
    const crane = await stored(client, "User: The harbour crane is serviced in March.", { tags: "harbour" });
    const roles = ["User", "Assistant", "User", "Assistant", "User"],
      tags = ["Kräne", "harbour", "Kräne", "Kräne", "x"];
    for (const [i, role] of roles.entries()) {
      await stored(client, `${role}: The harbour crane number ${i} is serviced in April.`, { tags: tags[i] });
    }
    for (
      const [filter, wanted] of [
        [{}, 5],
        [{ role: "user" }, 3],
        [{ role: "assistant" }, 2],
        [{ tags: "KRA\u0308NE" }, 3],
        [{ tags: ["kräne", "harbour"], role: "assistant" }, 2],
        [{ created_before: "2001-01-01" }, 0],
      ] as const
    ) {
      const ids: string[] = [];
      for (let page = 1; page <= Math.max(1, wanted); page++) {
        const args = { query: crane, mode: "similar", page, page_size: 1, ...filter };
        const { results, total } = await call(client, "search", args);
        assertEquals(total, wanted, `${JSON.stringify(filter)}, page ${page}`);
        ids.push(...results.map(({ id }: { id: string }) => id));
      }
      assertEquals([ids.length, new Set(ids).size, ids.includes(crane)], [wanted, wanted, false]);
    }
  });
});

Deno.test("a superseded turn is no context of what stands beside it, unless it is asked for", async () => {
  await withClient(async (client, runtime) => {
    const [old, , now] = await dated(runtime, [
      ["Ana: The gateway listens on port 8443.", 1_700_000_000, "talk"],
      ["Ben: Thanks, the firewall knows the marathon route.", 1_700_000_060, "talk"],
      ["Ana: The gateway listens on port 9443.", 1_700_000_120, "talk"],
    ]);
    await call(client, "memory_supersede", { old_id: old, new_id: now });
    const around = async (more: Record<string, unknown>) => {
      const { results } = await call(client, "search", { query: "marathon route", k: 1, context: 2, ...more });
      return [results[0].before, results[0].after].flat().map(({ id }: { id: string }) => id);
    };
    assertEquals(await around({}), [now]);
    assertEquals(await around({ include_superseded: true }), [old, now]);
    const beside = (await call(client, "search", { query: "marathon route", k: 1 })).results[0].id;
    const fetched = await call(client, "fetch", { id: beside, context: 2 });
    assertEquals([fetched.before.length, fetched.after[0].id], [0, now]);
  });
});
