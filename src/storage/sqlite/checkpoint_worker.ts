/**
 * The worker that moves the write-ahead log into the database file. A checkpoint waits for the disk, and the commit that
 * sets one off holds up its whole thread.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { DatabaseSync } from "node:sqlite";

self.onmessage = ({ data: path }: MessageEvent<string>) => {
  try {
    checkpoint(path);
  } catch {
    // The next commit asks again; what keeps the file from being written shows in the writes themselves.
  }
  self.postMessage(null);
};

/** Moves from the log what no reader needs, without blocking readers or writers. */
function checkpoint(path: string): void {
  // Closed each time, so that the worker can be ended whenever it has answered.
  const connection = new DatabaseSync(path, { timeout: 0 });
  try {
    connection.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_checkpoint(PASSIVE)");
  } finally {
    connection.close();
  }
}
