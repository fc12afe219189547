import { assertEquals } from "@std/assert";
import { mock } from "node:test";
import { createLineWriter } from "../../src/operations/line_writer.ts";
import { createLogger } from "../../src/operations/logger.ts";

Deno.test("lines keep their order, whole, however little is taken at once; what can't wait takes the others along", () => {
  const pieces: Uint8Array[] = [];
  const { write, flush } = createLineWriter((bytes) => {
    pieces.push(bytes.slice(0, 7));
    return Math.min(7, bytes.length);
  });
  const written = () => new TextDecoder().decode(new Uint8Array(pieces.flatMap((piece) => [...piece])));
  const log = createLogger("info", write, () => new Date(0), "json");
  log.info("Request answered", { request: "ä" });
  assertEquals(written(), "");
  log.error("Something broke\non two lines", { request: "ä" });
  const time = "1970-01-01T00:00:00.000Z";
  assertEquals(written().trimEnd().split("\n").map((line) => JSON.parse(line)), [
    { time, level: "info", message: "Request answered", request: "ä" },
    { time, level: "error", message: "Something broke\non two lines", request: "ä" },
  ]);
  log.info("Request answered", { request: "b" });
  flush();
  assertEquals(written().trimEnd().split("\n").length, 3);
});

Deno.test("a writer that fails in any way throws nothing, and lines after the failure are whole", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let fail: (() => never) | undefined, most = Infinity, written = "";
  const { write, flush } = createLineWriter((bytes) => {
    if (most <= 0) fail?.();
    const taken = bytes.subarray(0, most);
    most -= taken.length;
    written += new TextDecoder().decode(taken);
    return taken.length;
  });
  const faults: Record<string, () => never> = {
    "reader gone": () => {
      throw new Deno.errors.BrokenPipe();
    },
    "disk full": () => {
      throw new Error("No space left on device (os error 28)");
    },
    "closed": () => {
      throw new Deno.errors.BadResource();
    },
  };
  for (const [name, throwing] of Object.entries(faults)) {
    for (const room of [0, 3, 11, 12]) {
      [fail, most, written] = [throwing, room, ""];
      write('{"line": 1}', false);
      write('{"line": 2}', false);
      most = Infinity;
      write('{"line": 3}', false);
      assertEquals(written.split("\n").includes('{"line": 3}'), true, `${name}, room for ${room}: ${written}`);
      assertEquals(written.includes("}{"), false, written);
    }
  }

  // A full pipe takes the rest later, in order, and holds a bounded part of what comes meanwhile.
  [most, written] = [5, ""];
  fail = () => {
    throw new Deno.errors.WouldBlock();
  };
  write("first line", false);
  for (let i = 0; i < 40; i++) write("x".repeat(100_000), false);
  most = Infinity;
  mock.timers.tick(1000);
  flush();
  write("last line", false);
  const lines = written.split("\n");
  assertEquals([lines[0], lines.at(-2), lines.at(-1)], ["first line", "last line", ""]);
  assertEquals(lines.slice(1, -2).every((line) => line.length === 100_000), true);
  assertEquals(written.length < 3e6, true);
  mock.timers.reset();
});
