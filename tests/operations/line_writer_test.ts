import { assertEquals } from "@std/assert";
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
