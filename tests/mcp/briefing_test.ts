import { assertEquals, assertStringIncludes } from "@std/assert";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { InFlight } from "../../src/mcp/in_flight.ts";
import { createMcpServer } from "../../src/mcp/server.ts";
import { createLogger } from "../../src/operations/logger.ts";
import { store } from "../../src/operations/store.ts";
import { TOOLS } from "../../src/tools/table.ts";
import { testRuntime } from "../helpers/runtime.ts";

const withoutWord = (text: string) => text.replaceAll(/\b(\d{3,}): notes/.exec(text)![1]!, "#");

Deno.test("there are no more than fifteen tools", () => {
  assertEquals(TOOLS.length <= 15, true);
});

Deno.test("the briefing is the same as a prompt and as a resource, and its candidates are decided by one tool", async () => {
  await using test = await testRuntime();
  const { runtime } = test;
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  const log = createLogger("error", () => {});
  await createMcpServer(runtime, { serverName: "unimem", log, surface: "mcp", inFlight: new InFlight() })
    .connect(serverSide);
  const client = new Client({ name: "test", version: "1" });
  await client.connect(clientSide);
  try {
    const prompt = async () => {
      const { messages } = await client.getPrompt({ name: "briefing" });
      return (messages[0]!.content as { text: string }).text;
    };
    const resource = async () => {
      const { contents } = await client.readResource({ uri: "unimem://briefing" });
      return (contents[0] as { text: string }).text;
    };
    assertEquals([await prompt(), await resource()], ["Nothing is remembered yet.", ""]);
    await store(runtime, { content: "Atlas tracks freight.", tags: ["pinned"], metadata: {} });
    await store(runtime, {
      content: "Good morning. Wir haben uns für Hono entschieden. Bis morgen.",
      tags: [],
      memory_type: "turn",
      metadata: { role: "user" },
      conversation_id: "s",
    });
    assertEquals(withoutWord(await prompt()), withoutWord(await resource()));
    assertStringIncludes(await prompt(), "Atlas tracks freight.");

    const call = async (args: Record<string, unknown>) => {
      const { content } = await client.callTool({ name: "memory_candidates", arguments: args });
      return (content as { text: string }[])[0]!.text;
    };
    const listed = await call({});
    assertStringIncludes(listed, "Wir haben uns für Hono entschieden.");
    const id = /candidate (\S+)/.exec(listed)![1]!;
    assertStringIncludes(await prompt(), `candidate ${id}`);
    assertStringIncludes(await call({ action: "confirm" }), "id is required");
    assertStringIncludes(await call({ action: "confirm", id }), "Confirmed the candidate; id ");
    assertEquals(await call({ action: "list" }), "No candidates");
    assertStringIncludes(await call({ action: "confirm", id: "0000000000.1" }), "there is none of that id");
  } finally {
    await client.close();
  }
});
