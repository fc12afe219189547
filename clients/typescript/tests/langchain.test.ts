import assert from "node:assert/strict";
import { test } from "node:test";
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { UnimemChatMessageHistory, UnimemRetriever } from "../src/adapters/langchain.ts";
import { freshClient } from "./service.ts";

test("the retriever gives documents, best first, and as many as asked for", async () => {
  const client = freshClient();
  await client.storeMany([
    { content: "Staging runs PostgreSQL 16.", tags: ["infra"], metadata: { team: "data" } },
    { content: "Bread is baked on Mondays." },
    { content: "The production database is MySQL." },
  ]);
  const retriever = new UnimemRetriever({ client, k: 2 });
  const documents = await retriever.invoke("which database does staging use?");
  assert.equal(documents.length, 2);
  const [first] = documents;
  assert.equal(first!.pageContent, "Staging runs PostgreSQL 16.");
  assert.equal(first!.metadata.team, "data");
  assert.equal(first!.id, first!.metadata.content_hash);
  assert.ok(first!.metadata.score > documents[1]!.metadata.score);
  const tagged = new UnimemRetriever({ client, search: { tags: ["infra"] } });
  assert.equal((await tagged.invoke("bread")).length, 1);
});

test("a history gives back what was said, in order, also what was said twice", async () => {
  const client = freshClient();
  const history = new UnimemChatMessageHistory({ client, sessionId: "s1", tags: ["chat"] });
  const said = [
    new SystemMessage("Be brief."),
    new HumanMessage("yes"),
    new AIMessage({ content: "", tool_calls: [{ name: "search", args: { q: "x" }, id: "c1" }] }),
    new ToolMessage({ content: "yes", tool_call_id: "c1" }),
    new HumanMessage({ content: [{ type: "text", text: "Look at this" }] }),
    new HumanMessage("yes"),
    new HumanMessage("YES"),
  ];
  await history.addMessages(said.slice(0, 4));
  for (const message of said.slice(4)) await history.addMessage(message);
  const read = await history.getMessages();
  assert.deepEqual(
    read.map((message) => [message.getType(), message.content]),
    said.map((message) => [message.getType(), message.content]),
  );
  assert.deepEqual((read[2] as AIMessage).tool_calls?.map(({ name, args, id }) => [name, args, id]), [["search", {
    q: "x",
  }, "c1"]]);
  assert.equal((read[3] as ToolMessage).tool_call_id, "c1");
  const other = new UnimemChatMessageHistory({ client, sessionId: "s2" });
  assert.deepEqual(await other.getMessages(), []);
  assert.equal(
    (await client.search("brief", { tags: ["chat"], role: "system" })).results[0]?.memory.content,
    "Be brief.",
  );
  await other.addUserMessage("elsewhere");
  await history.clear();
  assert.deepEqual(await history.getMessages(), []);
  assert.equal((await other.getMessages()).length, 1);
});
