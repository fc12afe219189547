/**
 * Where each millisecond of a search and of a store goes, and how far that is from what can't be saved.
 *
 * @module
 */

import type { Context } from "../lib/context.ts";
import type { Metric } from "../lib/metric.ts";
import { inTemporaryFolder } from "../lib/process.ts";
import { type Profile, profileText } from "../lib/profile.ts";
import { timed } from "../lib/rest.ts";
import { median } from "../lib/stats.ts";
import { runTool } from "../lib/tool.ts";
import { startUnimem, untilMeaning } from "../lib/unimem.ts";
import { largeStore } from "./large.ts";

const EXCHANGES = 300;
const TEXTS = 5_000_000;

/** Adds a text of tables; there is nothing to compare. */
export async function profile(context: Context): Promise<Metric[]> {
  const { large, batch, queries } = context.sizes;
  const store = await largeStore(context);
  context.progress("Timing the parts of a search and of a store");
  const parts = await inTemporaryFolder(async (folder) => {
    const copy = `${folder}/unimem.db`;
    await Deno.copyFile(store.database, copy);
    return await runTool<Profile>("profile.ts", [copy, large, queries * 5].map(String));
  });
  const alone = async (kind: string) => {
    const { rate } = await runTool<{ rate: number }>("bare_model.ts", [kind, TEXTS, batch].map(String));
    return 1000 / rate;
  };
  const exchangeMs = await inTemporaryFolder(async (folder) => {
    await using service = await startUnimem(folder);
    await untilMeaning(service);
    const times: number[] = [];
    for (let i = 0; i < EXCHANGES; i++) times.push(await timed(() => service.rest.isUp()));
    return median(times);
  });
  const floors = { queryMs: await alone("query"), textMs: await alone("passage"), exchangeMs };
  context.profile = profileText(large, parts, floors);
  return [];
}
