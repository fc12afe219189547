/**
 * What becomes of a run: a table, a JSON file, a comparison with stored ratios, and on demand a new baseline and the
 * table in the README.
 *
 * @module
 */

import { describe, type Machine } from "./machine.ts";
import { cellsOf, HEAD, type Metric, regressions, type Scores, scoresOf } from "./metric.ts";
import { table } from "./table.ts";

/** A finished run. */
export interface Run {
  mode: "full" | "quick";
  date: string;
  seconds: number;
  machine: Machine;
  /** Which weights the peer ran; null when it wasn't installed. */
  peer: string | null;
  /** Sections that failed. */
  failed: string[];
  metrics: Metric[];
  /** Where the time goes, as Markdown; null when it wasn't measured. */
  profile: string | null;
}

const FOLDER = new URL("../results/", import.meta.url);
const BASELINE = new URL("../baseline.json", import.meta.url);
const README = new URL("../README.md", import.meta.url);

/** Shows and keeps a run. */
export async function publish(run: Run, options: { saveBaseline: boolean; readme: boolean }): Promise<void> {
  console.log(`\n${summary(run)}\n`);
  if (run.profile !== null) console.log(`${run.profile}\n`);
  await Deno.mkdir(FOLDER, { recursive: true });
  const path = new URL(`${run.date.replace(/[:.]/g, "-")}-${run.mode}.json`, FOLDER);
  await Deno.writeTextFile(path, `${JSON.stringify({ ...run, scores: scoresOf(run.metrics) }, null, 2)}\n`);
  console.log(`Written to ${path.pathname}`);
  const stored = await readBaseline();
  console.log(comparison(run, stored[run.mode] ?? {}));
  if (options.saveBaseline) {
    const scores = { ...stored[run.mode], ...rounded(scoresOf(run.metrics)) };
    await Deno.writeTextFile(BASELINE, `${JSON.stringify({ ...stored, [run.mode]: scores }, null, 2)}\n`);
    console.log("Kept as the baseline");
  }
  if (options.readme) {
    await writeReadme({ speed: summary(run), ...(run.profile === null ? {} : { profile: run.profile }) });
  }
}

/** Puts texts into the sections of the README that are named so. */
export async function writeReadme(sections: Record<string, string>): Promise<void> {
  let text = await Deno.readTextFile(README);
  for (const [name, content] of Object.entries(sections)) text = withSection(text, name, content);
  await Deno.writeTextFile(README, text);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", README.pathname] }).output();
  console.log("Put into bench/README.md");
}

/** The run as Markdown: the machine and the table. */
export function summary(run: Run): string {
  const minutes = (run.seconds / 60).toFixed(1);
  const peer = run.peer === null ? "the peer isn't installed" : `the peer ran ${run.peer}`;
  return [
    `${run.mode === "full" ? "Full" : "Quick"} run of ${run.date.slice(0, 10)}, ${minutes} minutes; ${peer}.`,
    `Machine: ${describe(run.machine)}. Medians, with the least and the greatest of their turns.`,
    "",
    table(HEAD, run.metrics.map(cellsOf)),
    ...run.failed.map((name) => `\nSection ${name} failed: its figures are missing.`),
  ].join("\n");
}

/** Text that names every regression, and what could not be compared. */
export function comparison(run: Run, stored: Scores): string {
  if (Object.keys(stored).length === 0) return `No ratios of a ${run.mode} run are stored to compare with`;
  const now = scoresOf(run.metrics), worse = regressions(now, stored);
  const missing = run.metrics.filter(({ id }) => id in stored && !(id in now)).map(({ id }) => id);
  const lines = worse.map(({ id, before, now, change }) =>
    `REGRESSION ${id}: ${change.toFixed(0)} % against the stored ratios (${before.toFixed(2)} before, ${
      now.toFixed(2)
    } now)`
  );
  if (lines.length === 0) lines.push("No regression of more than 20 % against the stored ratios");
  if (missing.length > 0) lines.push(`Not compared, for want of the peer: ${missing.join(", ")}`);
  return lines.join("\n");
}

/** Replaces what stands between two markers. */
export function withSection(text: string, name: string, content: string): string {
  const [from, to] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const start = text.indexOf(from), end = text.indexOf(to);
  if (start < 0 || end < start) throw new Error(`Cannot find the markers of section ${name}`);
  return `${text.slice(0, start + from.length)}\n\n${content}\n\n${text.slice(end)}`;
}

async function readBaseline(): Promise<Partial<Record<Run["mode"], Scores>>> {
  try {
    return JSON.parse(await Deno.readTextFile(BASELINE));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

function rounded(scores: Scores): Scores {
  return Object.fromEntries(Object.entries(scores).map(([id, score]) => [id, Number(score.toPrecision(4))]));
}
