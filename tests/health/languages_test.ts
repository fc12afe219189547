import { assertEquals, assertStringIncludes } from "@std/assert";
import type { EmbeddingService } from "../../src/embedding/embedder.ts";
import { inFolder, unimemIn } from "../cli/command.ts";
import { testEnvironment } from "../helpers/process.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { openClient, type TestClient } from "../http/client.ts";

const GERMAN = [
  "Der Schlüssel zum Keller liegt unter der alten Gießkanne neben der Tür.",
  "Wir haben beschlossen, die Rechnungen ab März nur noch am Monatsende zu verschicken.",
  "Meine Schwester wohnt seit drei Jahren in einer kleinen Wohnung in Graz.",
  "Das Auto muss im Herbst zur Inspektion, weil die Bremsen nicht mehr gut sind.",
  "Am liebsten trinkt er morgens einen starken Kaffee und liest dabei die Zeitung.",
  "Die Besprechung mit dem Architekten ist auf den nächsten Donnerstag verschoben worden.",
];
const JAPANESE = ["来週の会議は木曜日の午後三時に変更されました。", "母は毎朝庭で猫と一緒にお茶を飲みます。"];
const ENGLISH = [
  "The key to the cellar lies under the old watering can beside the door.",
  "We have decided to send invoices at the end of the month from March on.",
  "My sister has lived in a small flat in Graz for three years.",
];

// deno-lint-ignore no-explicit-any -- the answer of a route
const modelOf = ({ json }: { json: any }) => json.parts.find(({ name }: { name: string }) => name === "model");

async function fill(client: TestClient, texts: readonly string[]): Promise<void> {
  for (const text of texts) await client.store(text);
}

Deno.test("a store whose texts are mostly not English says so, says what to do, and is no less ready", async () => {
  await using client = await openClient();
  await fill(client, [...GERMAN, ...JAPANESE, ...ENGLISH]);
  const detailed = await client.get("/api/health/detailed"), model = modelOf(detailed);
  assertEquals([detailed.status, detailed.json.status, model.state], [200, "healthy", "healthy"]);
  assertStringIncludes(model.message, "English only");
  assertStringIncludes(model.message, "German");
  assertStringIncludes(model.message, "Japanese");
  assertStringIncludes(model.action, "unimem model multilingual");
  assertEquals((await client.get("/api/health/ready")).status, 200);
  // Where a setting names the model, the command would be refused.
  await using fixed = await openClient({ embeddings: { fixed: true } });
  await fill(fixed, GERMAN);
  assertStringIncludes(modelOf(await fixed.get("/api/health/detailed")).action, "MCP_MEMORY_EMBEDDING_MODEL");
});

Deno.test("a store of English texts, of few texts, or with a model for many languages has nothing to tell", async () => {
  await using other = await openClient();
  const { configured } = other.runtime.embeddings;
  const multilingual: EmbeddingService = {
    identity: { ...configured.identity!, name: "intfloat/multilingual-e5-small" },
    status: configured.status,
    counters: configured.counters,
    ready: () => configured.ready(),
    embedQuery: (text) => configured.embedQuery(text),
    embedPassage: (text) => configured.embedPassage(text),
    close: () => Promise.resolve(),
  };
  const cases = {
    English: { texts: [...ENGLISH, ...ENGLISH.map((text) => `${text} And more.`), GERMAN[0]!], embeddings: {} },
    few: { texts: GERMAN.slice(0, 2), embeddings: {} },
    multilingual: { texts: GERMAN, embeddings: { configured: multilingual } },
  };
  for (const [name, { texts, embeddings }] of Object.entries(cases)) {
    await using client = await openClient({ embeddings });
    await fill(client, texts);
    assertEquals(modelOf(await client.get("/api/health/detailed")).action, null, name);
  }
});

Deno.test("a sample serves many looks, and a store that grew is looked at again", async () => {
  let lists = 0;
  await using client = await openClient();
  const { storage } = client.runtime, list = storage.list.bind(storage);
  storage.list = (query) => {
    if (query.limit > 1) lists++;
    return list(query);
  };
  await fill(client, ENGLISH.concat(ENGLISH.map((text) => `${text} And more.`)));
  const { health: { languages }, embeddings } = client.runtime;
  const look = () => languages.look(storage, embeddings.configured.identity?.name);
  await look();
  const first = lists;
  for (let i = 0; i < 5; i++) await look();
  assertEquals([first > 0, lists], [true, first]);
  assertEquals(languages.last?.foreign, false);
  await fill(client, [...GERMAN, ...JAPANESE]);
  await look();
  assertEquals(languages.last?.foreign, true);
});

for (const backend of ["SQLite", "Qdrant"]) {
  Deno.test({
    name: `the doctor tells of a store that is mostly not English, without a service (${backend})`,
    ignore: backend === "Qdrant" && QDRANT_BIN === undefined,
    fn: () =>
      inFolder(async (folder) => {
        await using server = backend === "Qdrant" ? await startQdrant() : null;
        const env = testEnvironment(folder, server === null ? {} : { MCP_QDRANT_URL: server.url });
        const check = async () => {
          const { out } = await unimemIn(env, "doctor", "--json");
          return JSON.parse(out).checks.find(({ name }: { name: string }) => name === "model");
        };
        const advice = async () => JSON.parse((await unimemIn(env, "model", "--json")).out).advice;
        for (const text of ENGLISH) await unimemIn(env, "store", text);
        assertEquals([(await check()).state, await advice()], ["ok", null]);
        for (const text of GERMAN) await unimemIn(env, "store", text);
        const { state, message, action } = await check();
        assertEquals(state, "warning");
        assertStringIncludes(message, "German");
        assertStringIncludes(action, "unimem model multilingual");
        assertStringIncludes(await advice(), "unimem model multilingual");
      }),
  });
}
