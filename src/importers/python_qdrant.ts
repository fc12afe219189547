/**
 * The Qdrant collection of the Python mcp-memory-service, read page by page over HTTP.
 *
 * @module
 */

import { errorText, MemoryError } from "../errors.ts";
import type { Metadata } from "../memory/memory.ts";
import type { Entry } from "../operations/moving/import.ts";
import { entry, type ImporterOptions, secondsOf, tagsOf } from "./importer.ts";
import { contentOf, storeIn } from "./python.ts";

const AT_ONCE = 200;
/** The point with facts about the collection. */
const RESERVED_ID = 1;

interface Page {
  result: { points: { id: number | string; payload: Record<string, unknown> | null }[]; next_page_offset: unknown };
}

/** `url` names the server, and the collection after it: `http://localhost:6333/memories`. */
export async function* readPythonQdrant(url: string, { ownersBy }: ImporterOptions = {}): AsyncGenerator<Entry> {
  const address = URL.parse(url);
  if (address === null || !/^https?:$/.test(address.protocol)) {
    throw new MemoryError("invalid_input", `Cannot import from "${url}": give a URL such as http://host:6333/memories`);
  }
  const collection = address.pathname.replace(/^\/+|\/+$/g, "") || "memories";
  const endpoint = `${address.origin}/collections/${encodeURIComponent(decodeURIComponent(collection))}/points/scroll`;
  // A key may stand in the URL, as it does for other tools: http://:KEY@host:6333.
  const key = decodeURIComponent(address.password);
  for (let offset: unknown = null, more = true; more;) {
    const { result } = await scroll(endpoint, key, offset);
    for (const { id, payload } of result.points) {
      if (id === RESERVED_ID || payload === null) continue;
      const metadata = (payload.metadata ?? {}) as Metadata;
      const conversation = payload.conversation_id ?? metadata.conversation_id;
      const { content, hash, note } = contentOf(
        String(payload.content ?? ""),
        typeof payload.content_hash === "string" ? payload.content_hash : undefined,
      );
      const memory = entry(`Point ${id}`, {
        kind: "memory",
        content,
        content_hash: hash,
        tags: tagsOf(payload.tags),
        memory_type: typeof payload.memory_type === "string" ? payload.memory_type : null,
        metadata,
        conversation_id: typeof conversation === "string" && conversation !== "" ? conversation : null,
        created_at: secondsOf(payload.created_at),
        updated_at: secondsOf(payload.updated_at),
      });
      const owner = ownersBy === undefined ? undefined : storeIn(payload);
      yield { ...memory, owner, ...note === undefined ? {} : { note } };
    }
    offset = result.next_page_offset;
    more = offset != null;
  }
}

async function scroll(endpoint: string, key: string, offset: unknown): Promise<Page> {
  const body = JSON.stringify({ limit: AT_ONCE, with_payload: true, with_vector: false, offset });
  let answer: Response;
  try {
    const headers = { "content-type": "application/json", ...(key === "" ? {} : { "api-key": key }) };
    answer = await fetch(endpoint, { method: "POST", headers, body });
  } catch (cause) {
    throw new MemoryError("unavailable", `Cannot reach ${endpoint}: ${errorText(cause)}`, { cause });
  }
  if (!answer.ok) {
    await answer.body?.cancel();
    throw new MemoryError("unavailable", `Cannot read ${endpoint}: it answers ${answer.status}`);
  }
  return await answer.json() as Page;
}
