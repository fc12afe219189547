/**
 * What the user keeps out of capture: projects, paths that tools work on, and texts.
 *
 * @module
 */

import { resolve, sep } from "node:path";
import type { OmitTurn } from "../importers/importer.ts";
import type { HookFolder } from "./folder.ts";
import { projectOf } from "./project.ts";

/** Kinds of rules; in paths and texts `*` stands for anything within a line. */
export const IGNORE_KINDS = ["project", "path", "text"] as const;
export type IgnoreKind = (typeof IGNORE_KINDS)[number];
export type IgnoreRules = Record<IgnoreKind, string[]>;

const FILE = "ignore.json", MARK = "[redacted: ignored]";
/** Most characters that a `*` stands for. */
const MAX_GAP = 500;

/** The rules of a data folder. */
export function ignoreRules(folder: HookFolder): IgnoreRules {
  const found = folder.read(FILE) as Partial<Record<IgnoreKind, unknown>> | null;
  const listOf = (kind: IgnoreKind) => {
    const list = found?.[kind];
    return Array.isArray(list) ? list.filter((rule): rule is string => typeof rule === "string") : [];
  };
  return { project: listOf("project"), path: listOf("path"), text: listOf("text") };
}

/** Adds a rule, or takes it away. */
export function setRule(folder: HookFolder, kind: IgnoreKind, rule: string, isOn: boolean): void {
  const rules = ignoreRules(folder), others = rules[kind].filter((other) => other !== rule);
  folder.write(FILE, JSON.stringify({ ...rules, [kind]: isOn ? [...others, rule] : others }));
}

/** Whether nothing of a folder's sessions is captured or recalled: by the folder, one above it, or its project's key. */
export function isIgnored({ project }: IgnoreRules, folder: string): boolean {
  if (project.length === 0) return false;
  const path = resolve(folder), { key } = projectOf(folder);
  return project.some((rule) => rule === key || rule === path || path.startsWith(`${rule}${sep}`));
}

/** What the rules leave of turns: null where they leave nothing. */
export function omitting(rules: IgnoreRules): OmitTurn {
  const paths = rules.path.map(patternOf), texts = rules.text.map(patternOf);
  return ({ role, text }, project) => {
    if (project !== undefined && isIgnored(rules, project)) return null;
    if (role === "tool" && paths.some((pattern) => text.search(pattern) >= 0)) return null;
    return texts.reduce((left, pattern) => left.replaceAll(pattern, MARK), text);
  };
}

/** Linear in the text: gaps are bounded and stay within a line. */
function patternOf(rule: string): RegExp {
  const parts = rule.split(/\*+/).map((part) => part.replaceAll(/[\\^$.|?+(){}[\]/]/g, "\\$&"));
  return new RegExp(parts.join(`[^\\n]{0,${MAX_GAP}}`), "gi");
}
