/**
 * As much of a Qdrant server as storing, changing, moving and deleting memories asks of it, in memory, with a gate before
 * each request: for tests that try the orders in which requests of several processes can meet. What searches need isn't
 * there; those are tested with a real server.
 *
 * @module
 */

/** A request at the gate. */
export interface GatedRequest {
  /** First part of the path: each process is given a URL of its own. */
  client: string;
  /** Such as `POST memories/points/delete`. */
  name: string;
}

type Payload = Record<string, unknown>;

/** Lets a request go on when it resolves. */
export type Gate = (request: GatedRequest) => Promise<void> | void;

interface Point {
  id: string | number;
  vector: unknown;
  payload: Payload;
}

/** A server on loopback. */
export class FakeQdrant implements AsyncDisposable {
  /** Points by collection and id. */
  readonly collections = new Map<string, Map<string, Point>>();
  /** Called before each request that reads or writes memories; the request goes on when it resolves. */
  gate: Gate = () => {};
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#serve(request),
    );
  }

  /** Base URL for one process. */
  url(client: string): string {
    return `http://127.0.0.1:${this.#server.addr.port}/${client}`;
  }

  /** Payloads of a collection's memories. */
  payloads(collection: string): Payload[] {
    const points = [...this.collections.get(collection)?.values() ?? []];
    return points.filter(({ id }) => id !== 1).map(({ payload }) => payload);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #serve(request: Request): Promise<Response> {
    const [client = "", , collection = "", ...rest] = new URL(request.url).pathname.split("/").slice(1);
    const body = request.body === null ? {} : await request.json();
    const name = `${request.method} ${[collection, ...rest].join("/")}`;
    // Facts about the collection are read now and then.
    const isAboutMemories = rest[0] === "points" && JSON.stringify(body.ids) !== "[1]";
    if (isAboutMemories) await this.gate({ client, name });
    try {
      return Response.json({
        result: this.#answer(request.method, collection, rest.join("/"), body),
        status: "ok",
        time: 0,
      });
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      return Response.json({ status: { error: "Not found: Collection doesn't exist" } }, { status: 404 });
    }
  }

  // deno-lint-ignore no-explicit-any -- bodies are whatever the client sends
  #answer(method: string, collection: string, path: string, body: any): unknown {
    if (path === "exists") return { exists: this.collections.has(collection) };
    if (path === "" && method === "PUT") {
      if (!this.collections.has(collection)) this.collections.set(collection, new Map());
      return true;
    }
    const points = this.collections.get(collection);
    if (points === undefined) throw new Missing();
    const passing = (filter: unknown) => [...points.values()].filter((point) => passes(point, filter as Condition));
    const done = { operation_id: 0, status: "completed" };
    switch (`${method} ${path}`) {
      case "GET ":
        return {
          status: "green",
          optimizer_status: "ok",
          points_count: points.size,
          segments_count: 1,
          payload_schema: {},
          config: {
            params: { vectors: { size: 16, distance: "Cosine" }, sparse_vectors: { bm25: { modifier: "idf" } } },
          },
        };
      case "PUT index":
        return done;
      case "POST points":
        return body.ids.flatMap((id: string) => points.get(String(id)) ?? [])
          .map(({ id, payload, vector }: Point) => ({
            id,
            payload: fieldsOf(payload, body.with_payload),
            ...(body.with_vector ? { vector } : {}),
          }));
      case "PUT points":
        for (const point of body.points as Point[]) {
          if (body.update_mode === "insert_only" && points.has(String(point.id))) continue;
          points.set(String(point.id), structuredClone(point));
        }
        return done;
      case "POST points/delete":
        for (const { id } of body.filter ? passing(body.filter) : body.points.map((id: string) => ({ id }))) {
          points.delete(String(id));
        }
        return done;
      case "POST points/payload":
        for (const { payload } of passing(body.filter)) Object.assign(payload, body.payload);
        return done;
      case "POST points/scroll":
        return { points: passing(body.filter).slice(0, body.limit).map(({ id }) => ({ id })), next_page_offset: null };
      case "POST points/count":
        return { count: passing(body.filter).length };
      case "POST points/query":
        return { points: passing(body.filter) };
      default:
        throw new Error(`The fake Qdrant has no ${method} ${path}`);
    }
  }
}

class Missing extends Error {}

function fieldsOf(payload: Payload, wanted: unknown): Payload {
  if (!Array.isArray(wanted)) return wanted === false ? {} : structuredClone(payload);
  return structuredClone(Object.fromEntries(Object.entries(payload).filter(([key]) => wanted.includes(key))));
}

interface Condition {
  must?: Condition[];
  should?: Condition[];
  must_not?: Condition[];
  has_id?: (string | number)[];
  is_empty?: { key: string };
  key?: string;
  match?: { value?: unknown; any?: unknown[] };
  range?: { gte?: number; lte?: number; lt?: number; gt?: number };
}

function passes(point: Point, condition: Condition | undefined): boolean {
  if (condition === undefined) return true;
  const { must = [], should = [], must_not = [], has_id, is_empty, key, match, range } = condition;
  if (!must.every((each) => passes(point, each)) || must_not.some((each) => passes(point, each))) return false;
  if (should.length > 0 && !should.some((each) => passes(point, each))) return false;
  if (has_id !== undefined && !has_id.map(String).includes(String(point.id))) return false;
  if (is_empty !== undefined && ![undefined, null].includes(point.payload[is_empty.key] as null)) return false;
  if (key === undefined) return true;
  const value = point.payload[key];
  if (match !== undefined) return match.any ? match.any.includes(value) : value === match.value;
  const { gte = -Infinity, lte = Infinity, lt = Infinity, gt = -Infinity } = range ?? {};
  return typeof value === "number" && value >= gte && value <= lte && value < lt && value > gt ||
    typeof value === "number" && lt === Infinity && gt === -Infinity && value >= gte && value <= lte;
}
