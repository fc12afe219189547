/**
 * Checks the settings: every problem, and variables that look like misspelt ones.
 *
 * @module
 */

import type { Config } from "../../config.ts";
import { errorText } from "../../errors.ts";
import { type Check, failed, ok, warning } from "./check.ts";

const ACTION = "Correct it in the environment or in .env; docs/settings.md lists every setting";

/** The settings, or null with a check for each problem; and a warning for each variable that looks misspelt. */
export function checkSettings(
  read: () => Config,
  env: Record<string, string | undefined>,
  known: readonly string[],
): { config: Config | null; checks: Check[] } {
  const checks = misspelt(Object.keys(env), known).map(([name, meant]) =>
    warning("settings", `${name} is not a setting and has no effect`, `Use ${meant}, if that is meant`)
  );
  try {
    const config = read();
    return {
      config,
      checks: checks.length > 0 ? checks : [ok("settings", `All understood; store ${config.storage.backend}`)],
    };
  } catch (error) {
    const [, ...problems] = errorText(error).split("\n");
    const lines = problems.length > 0 ? problems : [errorText(error)];
    return { config: null, checks: [...lines.map((line) => failed("settings", line.trim(), ACTION)), ...checks] };
  }
}

/** Variables that aren't known but are one or two keystrokes from one that is. */
function misspelt(names: string[], known: readonly string[]): [string, string][] {
  return names.filter((name) => /^MCP_/i.test(name) && !known.includes(name.toUpperCase())).flatMap((name) => {
    const near = known.map((other) =>
      [distance(name.toUpperCase(), other), other] as const
    ).sort((a, b) => a[0] - b[0])[0];
    return near !== undefined && near[0] <= 2 ? [[name, near[1]] as [string, string]] : [];
  });
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one text to the other. */
function distance(a: string, b: string): number {
  let [older, old, row]: [number[], number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j), []];
  for (let i = 1; i <= a.length; i++) {
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(old[j]! + 1, row[j - 1]! + 1, old[j - 1]! + Number(a[i - 1] !== b[j - 1]));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, older[j - 2]! + 1);
    }
    [older, old] = [old, row];
  }
  return old[b.length]!;
}
