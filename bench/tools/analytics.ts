/**
 * How long analytics take at 100,000 memories, and how long they keep the event loop from turning.
 *
 *     deno run --allow-all bench/tools/analytics.ts [MEMORIES]
 *
 * @module
 */

import { localCaller } from "../../src/access/caller.ts";
import { createApp } from "../../src/http/app.ts";
import { createEmbeddingService } from "../../src/embedding/factory.ts";
import { BUNDLED_MODEL } from "../../src/embedding/settings.ts";
import { monotonicClock } from "../../src/memory/clock.ts";
import type { Memory } from "../../src/memory/memory.ts";
import { Activity } from "../../src/operations/activity.ts";
import { noAudit } from "../../src/operations/audit/log.ts";
import { noBackground } from "../../src/operations/background/state.ts";
import { HealthRecord } from "../../src/operations/health/record.ts";
import { initialBackupState } from "../../src/operations/backup/state.ts";
import { EventHub } from "../../src/operations/events.ts";
import { openStorage } from "../../src/storage/factory.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { createTelemetry } from "../../src/telemetry/telemetry.ts";
import { textAt } from "../lib/texts.ts";

const ROUNDS = 5, BATCH = 1000, YEARS = 2;
const PATHS = [
  ...["overview", "memory-growth?period=year", "tag-usage?limit=100&period=month", "tag-usage", "memory-types"],
  ...["activity-heatmap", "top-tags", "top-tags?period=all&limit=100", "activity-breakdown?granularity=hourly"],
  ...["activity-breakdown?granularity=weekly", "storage-stats", "search-analytics", "performance"],
].map((path) => `/api/analytics/${path}`).concat("/api/manage/tags/stats", "/api/tags/suggest?prefix=t1");

const count = Number(Deno.args[0] ?? 100_000);
const folder = await Deno.makeTempDir();
const storage = await openStorage({ backend: "sqlite", path: `${folder}/bench.db` });
const configured = createEmbeddingService({
  provider: "local",
  model: BUNDLED_MODEL,
  cacheFolder: folder,
  offline: true,
  threads: 1,
  cacheBytes: 0,
  queueLimit: 1,
});
try {
  await fill(storage, count);
  const app = createApp({
    caller: localCaller("rest"),
    storage,
    embeddings: { serving: null, configured, reembedding: null },
    settings: { maxContentLength: 100_000, split: null, includeHostname: false, timeZone: "UTC", trashDays: 30 },
    events: new EventHub(),
    activity: new Activity(),
    audit: noAudit(),
    telemetry: createTelemetry(),
    background: noBackground(),
    health: new HealthRecord({ dataFolder: "." }),
    backups: initialBackupState({ intervalHours: 0 }),
    now: monotonicClock(),
    startedAt: Date.now(),
    version: "bench",
  }, { apiKey: null, allowedHosts: [], corsOrigins: [], maxBodyBytes: 1 << 20 });
  console.log(`${count} memories; milliseconds of ${ROUNDS} requests, and the longest the event loop stood still`);
  for (const path of PATHS) {
    const times: number[] = [];
    let stalled = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const watch = watchLoop(), started = performance.now();
      const response = await app.request(path);
      await response.body?.cancel();
      times.push(performance.now() - started);
      stalled = Math.max(stalled, await watch.stop());
      if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
    }
    times.sort((a, b) => a - b);
    const [median, longest] = [times[ROUNDS >> 1]!, times.at(-1)!].map((time) => time.toFixed(1).padStart(7));
    console.log(`${path.padEnd(58)} median ${median}  max ${longest}  stall ${stalled.toFixed(1).padStart(6)}`);
  }
} finally {
  await configured.close();
  await storage.close();
  await Deno.remove(folder, { recursive: true });
}

/** Memories over two years, with two of 500 tags and one of six types. */
async function fill(storage: MemoryStorage, count: number): Promise<void> {
  const end = Date.now() / 1000, span = YEARS * 365 * 86_400;
  for (let start = 0; start < count; start += BATCH) {
    const length = Math.min(BATCH, count - start);
    await storage.store(Array.from({ length }, (_, i) => {
      const number = start + i, created_at = end - span * (1 - number / count);
      const memory: Memory = {
        content: textAt(number),
        content_hash: number.toString(16).padStart(64, "0"),
        tags: [`t${number % 500}`, `u${number * 7 % 41}`],
        memory_type: number % 7 === 0 ? null : `type-${number % 7}`,
        metadata: {},
        conversation_id: null,
        created_at,
        updated_at: created_at,
      };
      return { memory, vectors: null };
    }));
  }
}

/** Measures by how much a timer is late. */
function watchLoop(): { stop(): Promise<number> } {
  let last = performance.now(), longest = 0;
  let timer: ReturnType<typeof setTimeout>;
  const tick = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 1);
    last = now;
    timer = setTimeout(tick, 1);
  };
  timer = setTimeout(tick, 1);
  return {
    stop: async () => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      clearTimeout(timer);
      return longest;
    },
  };
}
