import { assert, assertEquals } from "@std/assert";
import { type EndedStream, pipeInto, StreamBuffers } from "../../src/mcp/stream_buffers.ts";

const KIB = 1024;

/** Streams over a budget, with what was ended. */
function buffers(maxTotal: number) {
  const ended: EndedStream[] = [], closed: string[] = [];
  const all = new StreamBuffers((stream) => ended.push(stream), maxTotal);
  const open = (name: string) => all.open({ transport: "sse", name: () => name }, () => closed.push(name));
  return { ended, closed, open };
}

Deno.test("over the budget of all streams the slowest reader is ended by name, and no other", async () => {
  const { ended, closed, open } = buffers(1000 * KIB);
  const deaf = open("deaf"), slow = open("slow"), prompt = open("prompt");
  const reader = prompt.body.getReader();
  let got = 0;
  for (let i = 0; i < 100 && closed.length === 0; i++) {
    deaf.write(new Uint8Array(8 * KIB));
    if (i % 2 === 0) slow.write(new Uint8Array(8 * KIB));
    prompt.write(new Uint8Array(8 * KIB));
    got += (await reader.read()).value!.length;
  }
  assertEquals(closed, ["deaf"]);
  assertEquals(ended.map(({ name, transport }) => [name, transport]), [["deaf", "sse"]]);
  assert(ended[0]!.unread > 600 * KIB && ended[0]!.total > 1000 * KIB, JSON.stringify(ended));
  // What it left is gone, and the others go on.
  assertEquals([deaf.unread, deaf.write(new Uint8Array(1))], [0, false]);
  assert(slow.write(new Uint8Array(8 * KIB)) && prompt.write(new Uint8Array(8 * KIB)));
  got += (await reader.read()).value!.length;
  assertEquals(got % (8 * KIB), 0);
  await reader.cancel();
  slow.end();
  assertEquals(closed, ["deaf", "prompt", "slow"]);
});

Deno.test("a thousand readers that keep up are never ended, whatever passes through", async () => {
  const { ended, open } = buffers(1000 * KIB);
  const streams = Array.from({ length: 1000 }, (_, i) => open(`${i}`));
  const readers = streams.map((stream) => stream.body.getReader());
  for (let round = 0; round < 20; round++) {
    for (const [i, stream] of streams.entries()) {
      stream.write(new Uint8Array(KIB / 2));
      assertEquals((await readers[i]!.read()).value!.length, KIB / 2);
    }
  }
  assertEquals(ended, []);
  await Promise.all(readers.map((reader) => reader.cancel()));
});

Deno.test("a stream that the SDK writes is bounded too, and its source ends with it", async () => {
  const { ended, closed, open } = buffers(1000 * KIB);
  let cancelled = false, given = 0;
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      given += 16 * KIB;
      controller.enqueue(new Uint8Array(16 * KIB));
    },
    cancel: () => void (cancelled = true),
  });
  const stream = open("deaf");
  pipeInto(stream, source);
  for (let tries = 0; tries < 1000 && !cancelled; tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals([cancelled, closed, ended.map(({ name }) => name)], [true, ["deaf"], ["deaf"]]);
  assert(given < 1200 * KIB, `${given} bytes were taken from the source`);

  const short = open("reads to the end");
  pipeInto(short, ReadableStream.from([new Uint8Array(3), new Uint8Array(4)]));
  assertEquals((await new Response(short.body).bytes()).length, 7);
});
