/**
 * From the command to answers.
 *
 * @module
 */

import type { Context } from "../lib/context.ts";
import type { Metric } from "../lib/metric.ts";
import { startPeer } from "../lib/peer.ts";
import { inTemporaryFolder } from "../lib/process.ts";
import { spread } from "../lib/stats.ts";
import { startUnimem, untilMeaning } from "../lib/unimem.ts";

/** Starts each service over and over, in turns, on an empty store with caches warm. */
export async function start(context: Context): Promise<Metric[]> {
  const unimem: number[] = [], meaning: number[] = [], peer: number[] = [];
  await inTemporaryFolder(async (folder) => {
    const [ours, theirs] = [`${folder}/unimem`, `${folder}/peer`];
    await Promise.all([ours, theirs].map((path) => Deno.mkdir(path)));
    // One start more than is counted: the first fills the file cache and creates the stores.
    for (let i = 0; i <= context.sizes.starts; i++) {
      context.progress(`Starting, ${i} of ${context.sizes.starts}`);
      {
        await using service = await startUnimem(ours);
        const ms = await untilMeaning(service);
        if (i > 0) unimem.push(service.startMs), meaning.push(ms);
      }
      if (!context.hasPeer) continue;
      await using service = await startPeer(theirs);
      if (i > 0) peer.push(service.startMs);
    }
  });
  return [
    context.against(
      {
        id: "start",
        what: "start to both ports answering (the peer: its REST port)",
        unit: "ms",
        better: "lower",
        target: { of: "unimem", limit: 300 },
      },
      unimem,
      peer,
    ),
    {
      id: "start_meaning",
      what: "first search by meaning after that",
      unit: "ms",
      better: "lower",
      unimem: spread(meaning),
      reference: "–",
      advantage: null,
      target: { of: "unimem", limit: 250 },
    },
  ];
}
