/**
 * The marks by which writers of one point know their own work. A memory gets a mark when it is inserted and another with
 * each change; the first part stays for as long as the memory lies in its collection, so that its writer finds it again
 * after others changed it. Points of the Python service have none until they are changed.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";

/** What distinguishes one version of a point from another. */
export interface Version {
  revision?: unknown;
  updated_at?: unknown;
}

/** A mark for a memory that is inserted. */
export function firstRevision(): string {
  return crypto.randomUUID();
}

/** A mark for a changed memory. */
export function nextRevision({ revision }: Version): string {
  return `${lineageOf({ revision })}/${crypto.randomUUID()}`;
}

/** The part that stays; empty for a point that came without a mark. */
export function lineageOf({ revision }: Version): string {
  return typeof revision === "string" ? revision.split("/", 1)[0]! : "";
}

/** Whether two payloads are the same version. */
export function isSameVersion(a: Version, b: Version): boolean {
  return a.revision === b.revision && (typeof a.revision === "string" || a.updated_at === b.updated_at);
}

/** Conditions under which a payload is still the one that was read. The Python service's has no revision, but a time. */
export function unchanged({ revision, updated_at }: Version): Schemas["Condition"][] {
  if (typeof revision === "string") return [{ key: "revision", match: { value: revision } }];
  const conditions: Schemas["Condition"][] = [{ is_empty: { key: "revision" } }];
  if (typeof updated_at === "number") {
    conditions.push({ key: "updated_at", range: { gte: updated_at, lte: updated_at } });
  }
  return conditions;
}

/** The filter for points that are still as they were read. */
export function allUnchanged(points: ReadonlyMap<string, Version>): Schemas["Filter"] {
  const marked: [string, string][] = [], other: Schemas["Condition"][] = [];
  for (const [id, version] of points) {
    if (typeof version.revision === "string") marked.push([id, version.revision]);
    else other.push({ must: [{ has_id: [id] }, ...unchanged(version)] });
  }
  // No two points have the same mark.
  const any = marked.map(([, revision]) => revision);
  return {
    should: [
      ...(marked.length === 0
        ? []
        : [{ must: [{ has_id: marked.map(([id]) => id) }, { key: "revision", match: { any } }] }]),
      ...other,
    ],
  };
}
