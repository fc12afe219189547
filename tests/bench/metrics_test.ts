import { scorePrecision } from "../../bench/precision.ts";
import { assert, assertEquals } from "@std/assert";
import { contentHash } from "../../src/memory/hash.ts";
import { TextIds } from "../../bench/lib/dataset.ts";
import { rankSessions, scoreDated, scoreSessions, scoreTurns } from "../../bench/lib/metrics.ts";

const results = (...ids: string[]) => ids.map((id) => new Set(id.split(" ").filter((part) => part !== "")));

Deno.test("turns are scored by the share of evidence found and the first hit's rank", () => {
  const found = results("x", "1/D1:2", "", "y", "z", "1/D4:1");
  assertEquals(scoreTurns(found, ["1/D1:2", "1/D4:1"]), { r5: 0.5, r10: 1, hit10: 1, mrr: 0.5 });
  assertEquals(scoreTurns(found, ["1/D9:9"]), { r5: 0, r10: 0, hit10: 0, mrr: 0 });
  assertEquals(scoreTurns([], ["1/D9:9"]), { r5: 0, r10: 0, hit10: 0, mrr: 0 });
});

Deno.test("what comes after the tenth result doesn't count", () => {
  const found = results(...Array.from({ length: 10 }, (_, i) => `other ${i}`), "1/D1:1");
  assertEquals(scoreTurns(found, ["1/D1:1"]), { r5: 0, r10: 0, hit10: 0, mrr: 0 });
});

Deno.test("a text that several turns say counts for each of them", () => {
  assertEquals(scoreTurns(results("1/D1:1 1/D2:5"), ["1/D1:1", "1/D2:5"]), { r5: 1, r10: 1, hit10: 1, mrr: 1 });
});

Deno.test("the first result of a question about what changed is right, and an order gains by what comes early", () => {
  assertEquals(scoreDated(results("b", "a"), ["b"], { inOrder: false }), { first: 1, ndcg: 1 });
  assertEquals(scoreDated(results("x", "b"), ["b"], { inOrder: false }), { first: 0, ndcg: 1 / Math.log2(3) });
  assertEquals(scoreDated(results("a", "b"), ["a", "b"], { inOrder: true }), { first: 1, ndcg: 1 });
  const turned = scoreDated(results("b", "a"), ["a", "b"], { inOrder: true });
  assertEquals(turned.first, 0);
  assert(turned.ndcg < 1 && turned.ndcg > 0.7);
  assertEquals(scoreDated([], ["a"], { inOrder: false }), { first: 0, ndcg: 0 });
});

Deno.test("sessions rank by their first result", () => {
  assertEquals(rankSessions(results("26/D3:1", "26/D1:4", "26/D3:9", "", "26/D2:1 26/D5:1")), [
    "26/D3",
    "26/D1",
    "26/D2",
    "26/D5",
  ]);
});

Deno.test("sessions are scored by whether any and by how many are found", () => {
  const ranking = ["a", "b", "c", "d", "e", "f"];
  assertEquals(scoreSessions(ranking, ["b:1", "b:7", "f:2"]), { any5: 1, any10: 1, share5: 0.5, share10: 1 });
  assertEquals(scoreSessions(ranking, ["f:1"]), { any5: 0, any10: 1, share5: 0, share10: 1 });
  assertEquals(scoreSessions([], ["f:1"]), { any5: 0, any10: 0, share5: 0, share10: 0 });
});

Deno.test("a memory's ids are those of all turns that read so, or of one conversation's", () => {
  const ids = new TextIds([
    { t: "Thanks!", id: "1/D1:1", conv: "one" },
    { t: "Thanks!", id: "2/D1:1", conv: "two" },
    { t: "Bye", id: "3" },
  ]);
  const thanks = contentHash("thanks!");
  assertEquals(ids.of(thanks), new Set(["1/D1:1", "2/D1:1"]));
  assertEquals(ids.within("two", thanks), new Set(["2/D1:1"]));
  assertEquals(ids.within("none", thanks), new Set());
  assertEquals(ids.of(contentHash("unknown")), new Set());
});

Deno.test("precision is perfect where nothing should come and nothing does, and worthless where all is missed", () => {
  assertEquals(scorePrecision([], []), { precision: 1, recall: null });
  assertEquals(scorePrecision(["a"], []), { precision: 0, recall: null });
  assertEquals(scorePrecision([], ["a"]), { precision: 0, recall: 0 });
  assertEquals(scorePrecision(["a", "b", "c", "d"], ["a", "e"]), { precision: 0.25, recall: 0.5 });
});
