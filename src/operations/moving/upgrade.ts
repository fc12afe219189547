/**
 * Completes, in place, a store that another program wrote, and proves that nothing else became of it: every memory's
 * fields and vectors have the same fingerprint before and after.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { UpgradeProgress, Upgrades } from "../../storage/contract/capabilities.ts";
import type { MemoryStorage } from "../../storage/contract/storage.ts";
import { Digest, fingerprintOf } from "./copy/fingerprints.ts";
import { pagesOf } from "./walk.ts";

/** Damaged memories that a report lists; it counts all of them. */
const LISTED = 100;

/** What an upgrade did, and what a look at all memories before and after it says. */
export interface UpgradeReport extends UpgradeProgress {
  /** Whether every memory is complete and none was damaged. */
  success: boolean;
  /** Memories that still lack something. */
  left: number;
  before: { memories: number; digest: string };
  after: { memories: number; digest: string };
  /** Memories that others stored, changed or deleted meanwhile, so that they tell nothing of the upgrade. */
  changed: number;
  /** Memories that differ from before although no client changed them. */
  damaged: number;
  /** content_hashes of the first of them. */
  listed: string[];
}

/** How an upgrade goes. */
export interface UpgradeRun {
  onProgress?: (step: "reading" | "completing" | "checking", done: number, total: number) => void;
  signal?: AbortSignal;
}

/**
 * Completes what is incomplete. A run that was stopped is simply run again.
 *
 * @throws {MemoryError} `unavailable` when the store can't be reached; what was completed stays.
 */
export async function upgradeStore(storage: MemoryStorage, run: UpgradeRun = {}): Promise<UpgradeReport> {
  const { onProgress = () => {}, signal } = run,
    { upgrades } = storage.capabilities,
    { memories: total } = await storage.vectorCoverage();
  const before = await takeStock(storage, (done) => onProgress("reading", done, total), signal);
  const complete: Upgrades["upgrade"] = (options) =>
    upgrades === undefined ? Promise.resolve({ done: 0, total: 0 }) : upgrades.upgrade(options);
  const progress = await complete({
    thorough: true,
    ...(signal === undefined ? {} : { signal }),
    onProgress: ({ done, total }) => onProgress("completing", done, total),
  });
  signal?.throwIfAborted();
  const after = await takeStock(storage, (done) => onProgress("checking", done, total), signal);
  const { total: left } = await complete({ thorough: true, signal: AbortSignal.abort() });
  const report = { changed: 0, damaged: 0, listed: [] as string[] };
  for (const [hash, old] of before.records) {
    const now = after.records.get(hash);
    if (now?.print === old.print) continue;
    if (now === undefined || now.version !== old.version) report.changed++;
    else if (++report.damaged <= LISTED) report.listed.push(hash);
  }
  for (const hash of after.records.keys()) if (!before.records.has(hash)) report.changed++;
  return {
    ...progress,
    success: left === 0 && report.damaged === 0,
    left,
    before: { memories: before.digest.count, digest: before.digest.sum },
    after: { memories: after.digest.count, digest: after.digest.sum },
    ...report,
  };
}

/** Fingerprints of all memories; `version` is another one after any client's change. */
interface Stock {
  digest: Digest;
  records: Map<string, { print: string; version: string }>;
}

async function takeStock(
  storage: MemoryStorage,
  onProgress: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Stock> {
  const stock: Stock = { digest: new Digest(), records: new Map() };
  for await (const page of pagesOf(storage, signal)) {
    const vectors = await storage.vectors(page.map(({ content_hash }) => content_hash));
    for (const [i, memory] of page.entries()) {
      const { content_hash, updated_at } = memory, set = vectors[i] ?? null, hash = createHash("sha256");
      hash.update(fingerprintOf(memory));
      for (const chunk of set?.chunks ?? []) hash.update(new Uint8Array(chunk.buffer));
      const print = hash.digest("hex").slice(0, 32);
      stock.digest.add(print);
      // Vectors that were missing may be added meanwhile, and another model's may take their place.
      stock.records.set(content_hash, { print, version: `${updated_at} ${set?.model}` });
    }
    onProgress(stock.records.size);
  }
  return stock;
}
