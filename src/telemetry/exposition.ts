/**
 * The registry as Prometheus reads it: the text format, version 0.0.4.
 *
 * @module
 */

import { type Family, Histogram, readingsOf, type Registry } from "./registry.ts";

/** Media type of the format. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** All instruments that have anything to tell. */
export async function exposition(registry: Registry): Promise<string> {
  const families = await Promise.all([...registry.families.values()].map(render));
  return families.join("");
}

async function render(family: Family): Promise<string> {
  const { name, definition: { type, help, labels } } = family;
  const lines: string[] = [];
  if (type === "histogram") {
    for (const { values, series } of family.entries()) {
      if (series instanceof Histogram) addHistogram(lines, name, labels, values, series);
    }
  } else {
    for (const [values, value] of await readingsOf(family) ?? []) {
      lines.push(`${name}${labelSet(labels, values)} ${number(value)}`);
    }
  }
  if (lines.length === 0) return "";
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join("\n")}\n`;
}

function addHistogram(
  lines: string[],
  name: string,
  labels: readonly string[],
  values: readonly string[],
  { buckets, counts, sum }: Histogram,
): void {
  let count = 0;
  for (let i = 0; i < counts.length; i++) {
    count += counts[i]!;
    const bound = i < buckets.length ? number(buckets[i]!) : "+Inf";
    lines.push(`${name}_bucket${labelSet([...labels, "le"], [...values, bound])} ${count}`);
  }
  const set = labelSet(labels, values);
  lines.push(`${name}_sum${set} ${number(sum)}`, `${name}_count${set} ${count}`);
}

function labelSet(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return "";
  return `{${names.map((name, i) => `${name}="${escapeValue(values[i] ?? "")}"`).join(",")}}`;
}

function number(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}

function escapeHelp(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
}

function escapeValue(text: string): string {
  return escapeHelp(text).replace(/"/g, '\\"');
}
