/**
 * The worker that parses one document, so that a large one doesn't hold up the service.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { errorText, MemoryError } from "../errors.ts";
import { giveWay } from "../give_way.ts";
import type { DocumentLimits, Extract, Format } from "./document.ts";
import { extract } from "./extract.ts";

/** A document to parse. */
export interface WorkerTask {
  bytes: Uint8Array;
  format: Format;
  fileName: string;
  limits: DocumentLimits;
}

/** What came of it. Errors lose their class between isolates, so their facts travel. */
export type WorkerAnswer =
  | { extract: Extract }
  | { refused: { code: "invalid_input" | "too_large"; message: string } }
  | { failed: string };

self.onmessage = async ({ data }: MessageEvent<WorkerTask>) => {
  self.postMessage(await run(data));
};

async function run({ bytes, format, fileName, limits }: WorkerTask): Promise<WorkerAnswer> {
  giveWay();
  try {
    const context = { fileName, limits, deadline: performance.now() + limits.timeoutMs };
    return { extract: await extract(bytes, format, context) };
  } catch (error) {
    if (error instanceof MemoryError && (error.code === "invalid_input" || error.code === "too_large")) {
      return { refused: { code: error.code, message: error.message } };
    }
    return { failed: errorText(error) };
  }
}
