import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { answers, pairExchanges, type Turn } from "../../src/memory/exchange.ts";

const turn = (id: number, fields: Partial<Turn<number>> = {}): Turn<number> => ({
  id,
  previous: id - 1,
  next: id + 1,
  role: null,
  label: null,
  asks: false,
  ...fields,
});
const user = { role: "user" } as const, assistant = { role: "assistant" } as const;
const shown = (turns: Turn<number>[]) =>
  pairExchanges(turns, (entry) => entry).map(({ entry, other }) =>
    other === null ? [entry.id] : [entry.id, other.part, other.entry.id]
  );

Deno.test("a user's message and the assistant's answer are one result, at the place of the better one", () => {
  assertEquals(shown([turn(2, assistant), turn(7), turn(1, user)]), [[2, "question", 1], [7]]);
  assertEquals(shown([turn(9), turn(1, user), turn(2, assistant)]), [[9], [1, "answer", 2]]);
});

Deno.test("turns that aren't neighbours, or where the other one wasn't found, stay alone", () => {
  assertEquals(shown([turn(1, user), turn(4, assistant)]), [[1], [4]]);
  assertEquals(shown([turn(2, assistant), turn(3, user)]), [[2], [3]]);
  assertEquals(shown([turn(2, { ...assistant, previous: null })]), [[2]]);
});

Deno.test("without roles a question and the reply to it are an exchange, unless one person says both", () => {
  const asks = { asks: true };
  assertEquals(shown([turn(1, asks), turn(2)]), [[1, "answer", 2]]);
  assertEquals(shown([turn(1, { asks: true, label: "ana" }), turn(2, { label: "ben" })]), [[1, "answer", 2]]);
  assertEquals(shown([turn(1, { asks: true, label: "ana" }), turn(2, { label: "ana" })]), [[1], [2]]);
  assertEquals(shown([turn(1), turn(2)]), [[1], [2]]);
  assert(!answers(turn(1, user), turn(2)), "what has no role answers no user");
});

Deno.test("a turn that answers one question and asks another goes with the better of the two", () => {
  const chain = [turn(1, { asks: true }), turn(2, { asks: true }), turn(3)];
  assertEquals(shown([chain[1]!, chain[2]!, chain[0]!]), [[2, "answer", 3], [1]]);
  assertEquals(shown([chain[1]!, chain[0]!, chain[2]!]), [[2, "question", 1], [3]]);
});

Deno.test("every entry is there once, and those that lead keep their order", () => {
  const role = fc.constantFrom("user", "assistant", "tool", null);
  const entries = fc.shuffledSubarray(Array.from({ length: 30 }, (_, i) => i)).chain((ids) =>
    fc.array(fc.tuple(role, fc.boolean(), fc.constantFrom("a", "b", null)), {
      minLength: ids.length,
      maxLength: ids.length,
    }).map((facts) => ids.map((id, i) => turn(id, { role: facts[i]![0], asks: facts[i]![1], label: facts[i]![2] })))
  );
  fc.assert(fc.property(entries, (turns) => {
    const paired = pairExchanges(turns, (entry) => entry);
    const all = paired.flatMap(({ entry, other }) => other === null ? [entry.id] : [entry.id, other.entry.id]);
    assertEquals(all.toSorted(), turns.map(({ id }) => id).toSorted());
    const leaders = paired.map(({ entry }) => turns.indexOf(entry));
    assertEquals(leaders, leaders.toSorted((a, b) => a - b));
    for (const { entry, other } of paired) {
      if (other !== null) assert(turns.indexOf(other.entry) > turns.indexOf(entry));
    }
  }));
});
