/** Long work in the serving isolate, and the requests that come meanwhile. */

import { assert } from "@std/assert";
import { TimeSlice, TimeSlicedQueue } from "../src/yielding.ts";

/** Milliseconds of one piece of work, and most pieces that a request may wait for: tokio's 61 turns, once a look. */
const PIECE_MS = 2.5, PIECES = 100;

function work(): void {
  for (const end = performance.now() + PIECE_MS; performance.now() < end;);
}

/** Pieces of work done until a request to this process was answered. */
async function piecesUntilAnswered(step: () => Promise<void>): Promise<number> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("there"));
  let answered = false;
  const asked = fetch(`http://127.0.0.1:${server.addr.port}/`)
    .then((response) => response.text())
    .finally(() => answered = true);
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
  });
  // An answer takes several looks at sockets.
  assert(pieces < PIECES / 2, `answered after ${pieces} pieces`);
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
