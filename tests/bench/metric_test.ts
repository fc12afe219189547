import { assertEquals } from "@std/assert";
import { cellsOf, isMet, type Metric, regressions, scoreOf, scoresOf } from "../../bench/lib/metric.ts";
import { comparison, type Run, summary, withSection } from "../../bench/lib/results.ts";
import { spread } from "../../bench/lib/stats.ts";

const store: Metric = {
  id: "store",
  what: "store",
  unit: "/s",
  better: "higher",
  unimem: spread([400, 500, 450]),
  reference: spread([50]),
  advantage: spread([8, 10, 9]),
  target: { of: "advantage", limit: 8 },
};
const memory: Metric = {
  id: "memory",
  what: "memory",
  unit: "MB",
  better: "lower",
  unimem: spread([200]),
  reference: "peer not installed",
  advantage: null,
  target: { of: "unimem", limit: 190 },
};
const run: Run = {
  mode: "quick",
  date: "2026-01-02T03:04:05.678Z",
  seconds: 90,
  machine: { os: "linux", processor: "a processor", cores: 2, memory_gb: 8, deno: "2.9.6", load: 0.1 },
  peer: null,
  failed: [],
  metrics: [store, memory],
  profile: null,
};

Deno.test("a target is met by the advantage or by the figure, and unknown without an advantage", () => {
  assertEquals(isMet(store), true);
  assertEquals(isMet(memory), false);
  assertEquals(isMet({ ...memory, unimem: spread([190]) }), true);
  assertEquals(isMet({ ...store, advantage: null }), null);
});

Deno.test("scores are advantages, or figures where the machine doesn't matter; higher is better", () => {
  assertEquals(scoreOf(store), 9);
  assertEquals(scoreOf(memory), null);
  assertEquals(scoreOf({ ...memory, portable: true }), 1 / 200);
  assertEquals(scoresOf([store, memory]), { store: 9 });
});

Deno.test("a score that fell by more than a fifth is a regression, one that rose or is new isn't", () => {
  const before = { fell: 10, held: 10, rose: 10 };
  assertEquals(regressions({ fell: 7.5, held: 8.1, rose: 30, fresh: 1 }, before), [
    { id: "fell", before: 10, now: 7.5, change: -25 },
  ]);
});

Deno.test("cells show middles, spreads, targets and what is missing", () => {
  assertEquals(cellsOf(store), ["store", "450 (400–500)/s", "50.0/s", "9.00 (8.00–10.0) ×", "≥ 8 ×", "yes"]);
  assertEquals(cellsOf(memory), ["memory", "200 MB", "peer not installed", "–", "≤ 190 MB", "no"]);
});

Deno.test("the comparison names regressions and what could not be compared", () => {
  assertEquals(
    comparison(run, { store: 18, memory: 1.4 }).split("\n"),
    [
      "REGRESSION store: -50 % against the stored ratios (18.00 before, 9.00 now)",
      "Not compared, for want of the peer: memory",
    ],
  );
  assertEquals(comparison(run, { store: 9 }), "No regression of more than 20 % against the stored ratios");
  assertEquals(comparison(run, {}), "No ratios of a quick run are stored to compare with");
});

Deno.test("the summary says when the peer isn't there and what failed", () => {
  const text = summary({ ...run, failed: ["large"] });
  assertEquals(text.includes("the peer isn't installed"), true);
  assertEquals(text.includes("Section large failed"), true);
});

Deno.test("a section of a page is replaced between its markers", () => {
  const page = "before\n<!-- speed -->\nold\n<!-- /speed -->\nafter";
  assertEquals(
    withSection(page, "speed", "new"),
    "before\n<!-- speed -->\n\nnew\n\n<!-- /speed -->\nafter",
  );
});
