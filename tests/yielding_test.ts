/** Long work in the serving isolate, and the requests that come meanwhile. */

import { assert } from "@std/assert";
import { TimeSlice, TimeSlicedQueue } from "../src/yielding.ts";

/** Milliseconds of one piece of work, and most pieces that a request may wait for: tokio's 61 turns, once a look. */
const PIECE_MS = 2.5, PIECES = 100;

function work(): void {
  for (const end = performance.now() + PIECE_MS; performance.now() < end;);
}

/** Pieces of work done until so many requests to this process, one after the other, were answered. */
async function piecesUntilAnswered(step: () => Promise<void>, requests = 1): Promise<number> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("there"));
  let answered = false;
  const ask = async () => {
    for (let i = 0; i < requests; i++) await (await fetch(`http://127.0.0.1:${server.addr.port}/`)).text();
  };
  const asked = ask().finally(() => answered = true);
  let pieces = 0;
  for (; !answered && pieces < 10_000; pieces++) await step();
  await asked;
  await server.shutdown();
  return pieces;
}

Deno.test("a request is answered in the middle of long work that yields", async () => {
  const timeSlice = new TimeSlice();
  const pieces = await piecesUntilAnswered(async () => {
    work();
    await timeSlice.yieldIfDue();
  });
  assert(pieces < PIECES, `answered after ${pieces} pieces`);
});

Deno.test("a request is answered in the middle of long work whose pieces have slices of their own", async () => {
  const pieces = await piecesUntilAnswered(async () => {
    const timeSlice = new TimeSlice();
    work();
    await timeSlice.yieldIfDue();
  }, 40);
  assert(pieces < PIECES, `answered after ${pieces} pieces`);
});

Deno.test("a request is answered in the middle of queued work", async () => {
  const queue = new TimeSlicedQueue();
  // One piece is always waiting, as with many searches at once.
  let last = queue.run(work);
  const pieces = await piecesUntilAnswered(async () => {
    const next = queue.run(work);
    await last;
    last = next;
  });
  await last;
  assert(pieces < PIECES, `answered after ${pieces} pieces`);
});
