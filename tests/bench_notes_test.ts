import { assert, assertEquals } from "@std/assert";
import { z } from "zod";

const Notes = z.strictObject({
  docs: z.array(z.strictObject({
    t: z.string().min(10),
    id: z.string().regex(/^[a-z0-9-]+$/),
    conv: z.string().optional(),
    tags: z.array(z.string()).optional(),
    type: z.string().optional(),
  })),
  qs: z.array(z.strictObject({ q: z.string().min(3), ev: z.array(z.string()).min(1).max(3), cat: z.string() })),
});
const CATEGORIES = [
  "decision",
  "error",
  "identifier",
  "language_de",
  "language_es",
  "language_fr",
  "language_zh",
  "near_duplicate",
  "negation",
  "paraphrase",
  "preference",
];

const file = new URL("../bench/notes/notes.json", import.meta.url);
const { docs, qs } = Notes.parse(JSON.parse(await Deno.readTextFile(file)));

Deno.test("the notes set has 200 memories and 100 questions, none of them twice", () => {
  assert(docs.length >= 200 && qs.length >= 100);
  assertEquals(new Set(docs.map(({ id }) => id)).size, docs.length);
  assertEquals(new Set(docs.map(({ t }) => t)).size, docs.length);
  assertEquals(new Set(qs.map(({ q }) => q)).size, qs.length);
});

Deno.test("every question of the notes set has evidence that exists", () => {
  const ids = new Set(docs.map(({ id }) => id));
  assertEquals(qs.flatMap(({ ev }) => ev).filter((id) => !ids.has(id)), []);
});

Deno.test("every category of the notes set has four questions or more", () => {
  assertEquals([...new Set(qs.map(({ cat }) => cat))].sort(), CATEGORIES);
  for (const category of CATEGORIES) assert(qs.filter(({ cat }) => cat === category).length >= 4, category);
});

Deno.test("codes and identifiers in questions are in their evidence and in no other memory", () => {
  const CODE = /\b(?=\w*\d)(?=\w*[A-Za-z])\w{5,}|\b[A-Z]+_[A-Z_]+\b|\b[a-z]+(?:_[a-z]+){2,}\b/g;
  for (const { q, ev, cat } of qs.filter(({ cat }) => cat === "identifier" || cat === "error")) {
    for (const code of q.match(CODE) ?? []) {
      const holders = docs.filter(({ t }) => t.includes(code)).map(({ id }) => id);
      assertEquals(holders, ev, `${cat}: ${code}`);
    }
  }
});
