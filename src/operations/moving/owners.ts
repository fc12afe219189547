/**
 * Spaces of what an import brings, where each owner in the source gets one of its own.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { isSpaceName } from "../../memory/space.ts";
import type { Runtime } from "../runtime.ts";
import type { ContentLine } from "./format.ts";
import { OwnHashes } from "./own_hashes.ts";

/** The field of an export's lines that names their space. */
export const SPACE_FIELD = "space";
/** Characters of a name that a space's is made of, and of the result before the digits. */
const READ = 200, KEPT = 55;

/**
 * The space of an owner: its own name where a space can have it. Otherwise small letters without accents, a hyphen for
 * each run of other characters, and eight digits of the name's SHA-256, which keep names apart that would become the same.
 */
export function spaceOf(owner: string): string {
  if (isSpaceName(owner)) return owner;
  const digits = createHash("sha256").update(owner).digest("hex").slice(0, 8);
  const plain = owner.slice(0, READ).normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-").slice(0, KEPT).replace(/^[._-]+/, "").replace(/[._-]+$/, "");
  return plain === "" ? `owner-${digits}` : `${plain}-${digits}`;
}

/** Whom a record belongs to by one of its fields, or one of its metadata; undefined where that is no name. */
export function ownerIn(record: unknown, field: string): string | undefined {
  const { [field]: own, metadata } = (record ?? {}) as Record<string, unknown>;
  return nameOf(own) ?? nameOf((metadata as Record<string, unknown> | null | undefined)?.[field]);
}

function nameOf(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** Entries that go into one space. */
export class Target {
  readonly space: string;
  readonly runtime: Runtime;
  /** Null where keys stay as they are written. */
  readonly hashes: OwnHashes | null;
  group: { place: string; line: ContentLine }[] = [];
  /** Of the contents in the group. */
  characters = 0;

  constructor(space: string, runtime: Runtime, hashes: OwnHashes | null) {
    this.space = space;
    this.runtime = runtime;
    this.hashes = hashes;
  }
}

/** The spaces of one import. */
export class Targets {
  /** Where entries go that belong to nobody: the caller's writing space. */
  readonly own: Target;
  readonly #keepsHashes: boolean;
  readonly #bySpace = new Map<string, Target | null>();
  /** Where memories of the file went, by the keys that it gives them, so that their relations follow them. */
  readonly #places = new Map<string, Target>();

  constructor(runtime: Runtime, keepsHashes: boolean) {
    this.#keepsHashes = keepsHashes;
    const { write } = runtime.storage.scope;
    this.own = this.#make(write, runtime);
    this.#bySpace.set(write, this.own);
  }

  /** All that were used. */
  get all(): Target[] {
    return [...this.#bySpace.values()].filter((target) => target !== null);
  }

  /** Where the entries of an owner go; null where the caller may not write there. */
  of(owner: string): Target | null {
    const space = spaceOf(owner), known = this.#bySpace.get(space);
    if (known !== undefined) return known;
    const runtime = this.own.runtime.inSpaces?.([space]) ?? null;
    const target = runtime === null || runtime.caller.rights === "read" ? null : this.#make(space, runtime);
    this.#bySpace.set(space, target);
    return target;
  }

  /** Remembers where a memory went. */
  placed(hash: string, target: Target): void {
    this.#places.set(hash, target);
  }

  /** Where a relation goes that names no owner: to the memory that it starts at. */
  ofRelation({ source }: { source: string }): Target {
    return this.#places.get(source) ?? this.own;
  }

  /** Whether a relation leads from one space into another, where none can be. */
  crosses({ source, target }: { source: string; target: string }): boolean {
    const ends = [this.#places.get(source), this.#places.get(target)];
    return ends[0] !== undefined && ends[1] !== undefined && ends[0] !== ends[1];
  }

  #make(space: string, runtime: Runtime): Target {
    return new Target(space, runtime, this.#keepsHashes ? null : new OwnHashes());
  }
}
