import { assert, assertEquals } from "@std/assert";
import { openClient, type TestClient } from "./client.ts";

interface Point {
  content_hash: string;
  x: number;
  y: number;
}

/** Asks until the map is made. */
async function mapOf(
  client: TestClient,
  query = "",
): Promise<{ points: Point[]; total: number; without_vectors: number }> {
  for (let i = 0; i < 600; i++) {
    const { status, json } = await client.get(`/api/map${query}`);
    assertEquals(status, 200);
    if (json.state === "ready") return json;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("The map is not made after 30 s");
}

Deno.test("what is alike lies together on the map, and points stay where they are when more come", async () => {
  await using client = await openClient();
  const kinds: string[][] = [[], []];
  for (let i = 0; i < 12; i++) {
    kinds[0]!.push(await client.store(`The ferry number ${i} leaves the harbour for the island`, { tags: ["sea"] }));
    kinds[1]!.push(
      await client.store(`The database number ${i} stores rows in tables with an index`, { tags: ["data"] }),
    );
  }
  const { points, total, without_vectors } = await mapOf(client);
  assertEquals([points.length, total, without_vectors], [24, 24, 0]);
  const at = new Map(points.map(({ content_hash, x, y }) => [content_hash, [x, y] as const]));
  const distance = (a: string, b: string) => Math.hypot(at.get(a)![0] - at.get(b)![0], at.get(a)![1] - at.get(b)![1]);
  const mean = (pairs: [string, string][]) => pairs.reduce((sum, [a, b]) => sum + distance(a, b), 0) / pairs.length;
  const alike = mean(kinds[0]!.map((hash) => [hash, kinds[0]![0]!])),
    apart = mean(kinds[0]!.map((hash) => [hash, kinds[1]![0]!]));
  assert(alike * 2 < apart, `${alike} against ${apart}`);

  const added = await client.store("The ferry number 99 leaves the harbour for the island");
  const gone = kinds[1]![3]!;
  await client.send("DELETE", `/api/memories/${gone}`);
  await mapOf(client);
  const later = await mapOf(client), hashes = later.points.map(({ content_hash }) => content_hash);
  assert(hashes.includes(added) && !hashes.includes(gone));
  for (const { content_hash, x, y } of later.points) {
    const before = at.get(content_hash);
    if (before !== undefined) assertEquals([x, y], [...before]);
  }
});

Deno.test("of more memories than points an even sample is taken", async () => {
  await using client = await openClient();
  const memories = Array.from({ length: 350 }, (_, i) => ({ content: `Short fact ${i}` }));
  await client.send("POST", "/api/memories/batch", { memories });
  const { points, total } = await mapOf(client, "?limit=200");
  assertEquals([points.length, total], [200, 350]);
});

Deno.test("an empty store has an empty map", async () => {
  await using client = await openClient();
  assertEquals(await mapOf(client), { state: "ready", points: [], total: 0, without_vectors: 0 } as never);
});
