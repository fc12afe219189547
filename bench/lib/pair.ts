/**
 * Unimem and its peer, each with the same memories, stored in turns by 8 clients.
 *
 * @module
 */

import type { Context } from "./context.ts";
import { type Peer, startPeer } from "./peer.ts";
import { temporaryFolder } from "./process.ts";
import { type Rest, timed, withClients } from "./rest.ts";
import { tagAt, textAt } from "./texts.ts";
import { startUnimem, type Unimem, untilEmbedded, untilMeaning } from "./unimem.ts";

/** Clients that store and search at once. */
export const CLIENTS = 8;
/** Memories before the measured ones at least, so that neither service is measured cold. */
const WARM_UP = 40;

/** Two loaded services. */
export interface Pair extends AsyncDisposable {
  unimem: Unimem;
  /** Null when it isn't installed. */
  peer: Peer | null;
  /** Memories stored in a second, by turn. */
  storeRates: { unimem: number[]; peer: number[] };
  memories: number;
}

/** Starts and loads both. */
export async function startPair(context: Context): Promise<Pair> {
  const { memories, turns } = context.sizes;
  await using stack = new AsyncDisposableStack();
  const folder = async () => stack.use(await temporaryFolder()).path;
  const unimem = stack.use(await startUnimem(await folder()));
  const peer = context.hasPeer ? stack.use(await startPeer(await folder())) : null;
  await untilMeaning(unimem);

  const services = peer ? [unimem, peer] : [unimem];
  const perTurn = Math.floor((memories - WARM_UP) / turns), measured = perTurn * turns;
  for (const { rest } of services) await storeTexts(rest, measured, memories - measured);
  const rates = services.map((): number[] => []);
  for (let turn = 0; turn < turns; turn++) {
    context.progress(`Storing memories, turn ${turn + 1} of ${turns}`);
    for (const [i, { rest }] of services.entries()) {
      const ms = await timed(() => storeTexts(rest, turn * perTurn, perTurn));
      rates[i]!.push(perTurn / ms * 1000);
    }
  }
  await untilEmbedded(unimem);
  const held = stack.move();
  return {
    unimem,
    peer,
    storeRates: { unimem: rates[0]!, peer: rates[1] ?? [] },
    memories,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Stores texts by their numbers. */
async function storeTexts(rest: Rest, first: number, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  await withClients(CLIENTS, numbers, async (number) => {
    if (!await rest.store({ content: textAt(number), tags: [tagAt(number)] })) {
      throw new Error(`Text ${number} was there already`);
    }
  });
}
