import { assert, assertEquals } from "@std/assert";
import { preferByTime, temporalIntent } from "../../src/memory/temporal.ts";

const INTENTS: Record<string, string | null> = {
  "Which port does the gateway listen on now?": "now",
  "What is the CURRENT port?": "now",
  "Is she still at the bakery?": "now",
  "Wie lautet der Port derzeit?": "now",
  "Was ist der aktuelle Port?": "now",
  "Do we not use it anymore?": "now",
  "What was the port before?": "before",
  "What did we use before switching to the new one?": "before",
  "Where did she use to work?": "before",
  "What was it originally, and what is it now?": "before",
  "Wer war früher Trainer?": "before",
  "Was hatten wir vorher?": "before",
  "In which order did the releases come?": "order",
  "What is the timeline of the move?": "order",
  "In welcher Reihenfolge kamen die Releases?": "order",
  "How did the price change over time?": "order",
  "What is the port?": null,
  "Who knows Ana?": null,
  "What is the dongle used to unlock?": null,
  "What is this key used to open?": null,
  "When did the release come?": null,
  "Snowfall in Norway": null,
  "": null,
  "？？": null,
};

for (const [question, intent] of Object.entries(INTENTS)) {
  Deno.test(`"${question}" asks for ${intent ?? "nothing of time"}`, () => {
    assertEquals(temporalIntent(question), intent);
  });
}

const entry = (name: string, score: number, days: number) => ({ item: { name, created_at: days * 86_400 }, score });
type Entry = ReturnType<typeof entry> & { factor?: number };
const mark = (marked: Entry, factor: number) => ({ ...marked, factor });
const names = (entries: Entry[]) => entries.map(({ item }) => item.name);
const ranked = [entry("old", 1, 1), entry("new", 0.95, 100), entry("weak", 0.2, 500)];

Deno.test("of statements that score alike the newer one leads for now, the older one for before", () => {
  const now = preferByTime<Entry>(ranked, "now", mark);
  assertEquals(names(now), ["new", "old", "weak"]);
  assertEquals(now[0]!.score, 1, "the best score stays the largest");
  assert(now[0]!.factor! > 1 && now[1]!.factor === 1);
  assertEquals(names(preferByTime<Entry>([ranked[1]!, ranked[0]!, ranked[2]!], "before", mark)), [
    "old",
    "new",
    "weak",
  ]);
});

Deno.test("what scores far below the best gains nothing by its time", () => {
  const now = preferByTime<Entry>(ranked, "now", mark);
  assertEquals([now[2]!.item.name, now[2]!.factor], ["weak", 1]);
  assert(now[2]!.score <= 0.2);
});

Deno.test("for an order the best ones come first, oldest first, and the others after them", () => {
  const parts = [entry("third", 1, 3), entry("first", 0.9, 1), entry("second", 0.8, 2), entry("weak", 0.1, 0)];
  assertEquals(names(preferByTime<Entry>(parts, "order", mark)), ["first", "second", "third", "weak"]);
});

Deno.test("turns of one hour don't replace each other", () => {
  const talk = [0, 1, 2].map((minute) => entry(`${minute}`, 1 - minute / 100, minute / 1440));
  assertEquals(names(preferByTime<Entry>(talk, "now", mark)), ["0", "1", "2"]);
});

Deno.test("nothing found, and one result, stay as they are", () => {
  for (const intent of ["now", "before", "order"] as const) {
    assertEquals(preferByTime<Entry>([], intent, mark), []);
    assertEquals(preferByTime<Entry>([ranked[0]!], intent, mark), [ranked[0]!]);
    assertEquals(names(preferByTime<Entry>([entry("a", 0, 1), entry("b", 0, 9)], intent, mark)).toSorted(), ["a", "b"]);
    const unrelated = preferByTime<Entry>([entry("a", 0, 1), entry("b", 0, 9)], intent, mark);
    assertEquals(unrelated.map(({ score }) => score), [0, 0], "no share of nothing");
  }
});
