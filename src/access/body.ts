/**
 * Request bodies up to a limit. The limit counts what arrives, since a Content-Length may be missing or wrong.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";

/**
 * The request's body as bytes.
 *
 * @throws {MemoryError} `too_large` as soon as more than `maxBytes` are announced or have arrived; `invalid_input` when
 * the client ends before the body does.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const announced = request.headers.get("content-length");
  if (announced !== null && Number(announced) > maxBytes) throw bodyTooLarge(maxBytes);
  if (request.body === null) return new Uint8Array(0);
  try {
    // With a Content-Length the server never hands on more than that many bytes, so the fast path is safe.
    const bytes = announced === null ? await collect(request.body, maxBytes) : await request.bytes();
    if (bytes.length > maxBytes) throw bodyTooLarge(maxBytes);
    return bytes;
  } catch (cause) {
    if (cause instanceof MemoryError) throw cause;
    throw new MemoryError("invalid_input", "Cannot read the request body: it ended early", { field: "body", cause });
  }
}

async function collect(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // Leaving the loop cancels the stream, so the rest is not read.
    if (size > maxBytes) throw bodyTooLarge(maxBytes);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function bodyTooLarge(maxBytes: number): MemoryError {
  return new MemoryError("too_large", `Cannot read the request body: it exceeds ${maxBytes} bytes`, { field: "body" });
}
