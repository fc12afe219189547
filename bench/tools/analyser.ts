/**
 * What the analyser costs a text and a query: short ones and texts of 2,000 characters, in several scripts. Gives the
 * least of runs that take turns, in microseconds: what else a machine does makes a run longer, never shorter.
 *
 * Usage: analyser.ts [TEXT.TS]... The sources of other versions to run beside this one's.
 *
 * @module
 */

import { table } from "../lib/table.ts";
import { readDataset } from "../lib/dataset.ts";
import { textAt } from "../lib/texts.ts";

/** What is measured of a version. */
interface Analyser {
  analyse(text: string): unknown;
  analyseQuery(query: string): unknown;
}

const ROUNDS = 41, AT_ONCE = 200;
const LONG = 2000;

const others = Deno.args.map((path) => new URL(path, `file://${Deno.cwd()}/`).href);
const versions: Analyser[] = [];
for (const path of [...others, "../../src/memory/text.ts"]) versions.push(await import(path) as Analyser);

const kinds: Record<string, string[]> = {
  "English, invented": Array.from({ length: AT_ONCE }, (_, i) => textAt(i)),
};
for (const language of ["en", "de", "ru", "zh", "ja", "th"]) {
  const { docs } = await readDataset(new URL(`../languages/${language}.json`, import.meta.url).pathname);
  kinds[language] = docs.map(({ t }) => t);
}

const rows: string[][] = [];
for (const [kind, texts] of Object.entries(kinds)) {
  const long = texts.map((_, i) => `${texts.slice(i).join(" ")} ${texts.join(" ").repeat(4)}`.slice(0, LONG));
  const work: Record<string, (version: Analyser) => void> = {
    text: (version) => texts.forEach((text) => version.analyse(text)),
    query: (version) => texts.forEach((text) => version.analyseQuery(text)),
    "2,000 characters": (version) => long.forEach((text) => version.analyse(text)),
  };
  for (const [what, run] of Object.entries(work)) {
    const times = versions.map(() => [] as number[]);
    for (let round = 0; round < ROUNDS; round++) {
      versions.forEach((version, i) => {
        const began = performance.now();
        run(version);
        times[i]!.push((performance.now() - began) * 1000 / texts.length);
      });
    }
    rows.push([`${kind}: ${what}`, ...times.map((each) => Math.min(...each).toFixed(1))]);
  }
}
console.log(table(["µs each", ...Deno.args, "this"], rows));
