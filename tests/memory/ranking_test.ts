import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { asksAssistant } from "../../src/memory/role.ts";
import { rank, RANK_WEIGHTS, type RankedQuery, type RankInput, saturation } from "../../src/memory/ranking.ts";

const turn = (fields: Partial<RankInput & { name: string }> = {}) => ({
  name: "",
  semantic: 0.5,
  words: [2],
  length: 10,
  before: [],
  after: [],
  named: false,
  speaker: [],
  role: null,
  asks: false,
  turn: false,
  ...fields,
});

const QUERY: RankedQuery = { termCount: 1, wordsCeiling: 2, asksAssistant: false };

const names = (ranked: { item: { name: string } }[]) => ranked.map(({ item }) => item.name);

Deno.test("where the query names a speaker, only others' labelled turns count less", () => {
  const ranked = rank(
    [
      turn({ name: "other", named: true }),
      turn({ name: "note" }),
      turn({ name: "hers", named: true, speaker: [0] }),
    ],
    QUERY,
  );
  assertEquals(names(ranked), ["note", "hers", "other"]);
  assertEquals(ranked.map(({ scores }) => scores.speaker), [1, 1, RANK_WEIGHTS.otherSpeaker]);
  assertEquals(ranked[0]!.score, ranked[1]!.score);
  const unnamed = rank([turn({ named: true }), turn({ named: true })], QUERY);
  assertEquals(unnamed.map(({ scores }) => scores.speaker), [1, 1]);
});

Deno.test("what an assistant said and what asks count less, and the scores say so", () => {
  const ranked = rank(
    [
      turn({ name: "assistant", role: "assistant" }),
      turn({ name: "asks", asks: true }),
      turn({ name: "user", role: "user" }),
      turn({ name: "tool", role: "tool" }),
    ],
    QUERY,
  );
  assertEquals(names(ranked), ["user", "tool", "asks", "assistant"]);
  assertEquals(ranked.map(({ scores }) => [scores.role, scores.asking]), [
    [1, 1],
    [1, 1],
    [1, RANK_WEIGHTS.asking],
    [RANK_WEIGHTS.assistant, 1],
  ]);
});

Deno.test("a turn counts less beside what was stored on purpose, and among turns it changes nothing", () => {
  const note = turn({ name: "note", semantic: 0.6, words: [1.5] });
  const same = turn({ name: "same", semantic: 0.95, turn: true }), near = turn({ name: "near", turn: true });
  const ranked = rank([same, note, near], QUERY);
  assertEquals(names(ranked), ["note", "same", "near"]);
  assertEquals(ranked.map(({ scores }) => scores.turn), [1, RANK_WEIGHTS.turn, RANK_WEIGHTS.turn]);
  const scoresOf = (all: ReturnType<typeof turn>[]) => rank(all, QUERY).map(({ score, item }) => [item.name, score]);
  const plain = (one: ReturnType<typeof turn>) => ({ ...one, turn: false });
  assertEquals(scoresOf([same, near]), scoresOf([plain(same), plain(near)]));
});

Deno.test("what an assistant said counts in full where the question asks for it", () => {
  const turns = [turn({ name: "assistant", role: "assistant", semantic: 0.6 }), turn({ name: "user", role: "user" })];
  for (const query of ["What did you recommend?", "Which index have you suggested", "the plan you've outlined"]) {
    assertEquals(names(rank(turns, { ...QUERY, asksAssistant: asksAssistant(query) }))[0], "assistant", query);
  }
  for (const query of ["Can you tell me when I met Ana?", "Would you recommend it?", "What do I need?"]) {
    assertEquals(names(rank(turns, { ...QUERY, asksAssistant: asksAssistant(query) }))[0], "user", query);
  }
});

Deno.test("a long neighbour lends less than a short one, whether words or meaning", () => {
  const lent = (length: number, scores: { semantic: number; words: number[] }) => {
    const from = { length, ...scores };
    const [best] = rank([turn({ semantic: 0.1, words: [0], before: [from] }), turn()], QUERY)
      .filter(({ item }) => item.before.length > 0);
    return best!.scores.neighbours;
  };
  for (const scores of [{ semantic: 0, words: [2] }, { semantic: 0.9, words: [0] }]) {
    assert(lent(10, scores) > lent(1000, scores));
    assertEquals(lent(10, scores), lent(RANK_WEIGHTS.lendingLength, scores));
  }
});

Deno.test("length counts against a text up to half more than the average and no further", () => {
  assert(saturation(10, 10) < saturation(15, 10));
  assertAlmostEquals(saturation(15, 10), saturation(10_000, 10));
});

Deno.test("on a model's own scale a small difference of cosines counts as much as on the bundled model's", () => {
  const turns = [
    turn({ name: "word", semantic: 0.8, words: [2] }),
    turn({ name: "meaning", semantic: 0.9, words: [1.2] }),
    turn({ name: "far", semantic: 0.6, words: [0] }),
    turn({ name: "farther", semantic: 0.5, words: [0] }),
  ];
  assertEquals(names(rank(turns, QUERY)), ["word", "meaning", "far", "farther"]);
  const ranked = rank(turns, { ...QUERY, scale: { slope: 4, offset: -3 } });
  assertEquals(names(ranked), ["meaning", "word", "far", "farther"]);
  assertEquals(ranked[0]!.scores.semantic, 0.9, "what is shown is the cosine");
});

Deno.test("asked for what an assistant said, meaning decides, for long answers hold many words by chance", () => {
  const answers = [
    turn({ name: "words", semantic: 0.4, words: [2] }),
    turn({ name: "meaning", semantic: 0.6, words: [1] }),
  ];
  assertEquals(names(rank(answers, QUERY)), ["words", "meaning"]);
  assertEquals(names(rank(answers, { ...QUERY, asksAssistant: true })), ["meaning", "words"]);
});
