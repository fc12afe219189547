import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { type Definition, INSTRUMENTS } from "../../src/telemetry/instruments.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../../docs/${path}`, import.meta.url));

/** Names of every series there is, and the labels each has. */
const SERIES = new Map<string, readonly string[]>([["up", ["job", "instance"]]]);
for (const [name, { type, labels }] of Object.entries<Definition>(INSTRUMENTS)) {
  const given = [...labels, "instance"];
  if (type !== "histogram") SERIES.set(name, given);
  else {
    SERIES.set(`${name}_bucket`, [...given, "le"]);
    for (const part of ["sum", "count"]) SERIES.set(`${name}_${part}`, given);
  }
}

/** What PromQL itself brings, as far as it is used. */
const WORDS = new Set(["sum", "max", "by", "rate", "histogram_quantile", "topk", "or"]);

/** Checks that an expression names only series and labels that exist. */
function check(expression: string): void {
  const plain = expression.replace(/\[[^\]]*\]/g, ""), names: string[] = [];
  const labels = [...plain.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(",").map((l) => l.trim()));
  for (const [, name, matchers = ""] of plain.matchAll(/([a-z_]\w+)\{([^}]*)\}/g)) {
    for (const [, label] of matchers.matchAll(/(\w+)\s*[!=]/g)) {
      assert(SERIES.get(name!)?.includes(label!), `${expression}: ${name} has no label ${label}`);
    }
  }
  const bare = plain.replace(/\{[^}]*\}/g, "").replace(/\bby \([^)]*\)/g, "");
  for (const [word] of bare.matchAll(/[a-z_]\w*/g)) {
    if (WORDS.has(word)) continue;
    assert(SERIES.has(word), `${expression}: there is no series ${word}`);
    names.push(word);
  }
  assert(names.length > 0, `${expression} names no series`);
  for (const label of labels) {
    assert(names.some((name) => SERIES.get(name)!.includes(label)), `${expression}: nothing has a label ${label}`);
  }
}

Deno.test("docs/monitoring.md lists every instrument with its type and labels, and no other", async () => {
  const rows = [
    ...(await read("monitoring.md")).matchAll(/^\| `(\w+)` +\| (counter|gauge|histogram) +\| (.*?) +\| (.*?) +\|$/gm),
  ];
  const listed = rows.map(([, name, type, labels, help]) => [name, type, labels!.trim(), help]);
  const expected = Object.entries<Definition>(INSTRUMENTS).map(([name, { type, labels, help }]) => [
    name,
    type,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]);
  assertEquals(listed, expected);
});

Deno.test("the dashboard asks only for what is measured, and its panels have ids of their own", async () => {
  const { panels, uid } = JSON.parse(await read("monitoring/grafana-dashboard.json")) as {
    uid: string;
    panels: { id: number; targets: { expr: string }[] }[];
  };
  assertEquals(uid, "unimem");
  assertEquals(new Set(panels.map(({ id }) => id)).size, panels.length);
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  assert(expressions.length >= panels.length);
  expressions.forEach(check);
});

Deno.test("the alerts ask only for what is measured, and say what to do", async () => {
  const { groups } = parse(await read("monitoring/alerts.yaml")) as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string; description: string } }[] }[];
  };
  const rules = groups.flatMap(({ rules }) => rules);
  assert(rules.length > 5);
  assertEquals(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { expr, annotations: { summary, description } } of rules) {
    check(expr);
    assert(summary.length > 0 && description.length > 0);
  }
});
