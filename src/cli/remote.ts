/**
 * How commands run operations: by the REST API of the service that runs over the data folder, of another one that
 * `--server` names, or, where there is none, of an app over the store in this process.
 *
 * @module
 */

import { errorText, MemoryError } from "../errors.ts";
import { statOf } from "../files.ts";
import { findService } from "../operations/service_file.ts";
import { errorOf } from "./answer_errors.ts";
import type { ClientContext } from "./context.ts";
import { keyFor } from "./logins.ts";
import { type Input, type Operation, requestFor, ROUTES } from "./routes.ts";

/** What a command works with. */
export interface Service {
  /** Address, without a slash at its end; null for the store of this process. */
  readonly url: string | null;
  /**
   * Runs an operation.
   *
   * @param options The option behind each field of the input, for messages.
   * @throws {MemoryError} as the operation does; `configuration` for a missing or wrong key.
   */
  call<T>(operation: Operation, input?: Input, options?: Readonly<Record<string, string>>): Promise<T>;
  /** Sends a form. @throws {MemoryError} as `call`. */
  send<T>(operation: Operation, form: FormData): Promise<T>;
  /** Opens a stream; the caller reads its body. @throws {MemoryError} as `call`. */
  stream(operation: Operation, input: Input, options?: Readonly<Record<string, string>>): Promise<Response>;
}

/** What a command needs. */
export interface Need {
  /** Makes the store where there is none. */
  creates?: boolean;
  /** Compares by meaning, for which this process has to load the model. */
  model?: boolean;
}

/** There is no store yet. */
export class NoStore extends MemoryError {
  constructor(path: string) {
    super("not_found", `There is no store yet: unimem store, or a running service, makes ${path}`, { value: path });
  }
}

/** What a list of nothing is, where there is no store to look into. */
export function orNone<T>(nothing: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof NoStore) return nothing;
    throw error;
  };
}

/** The paging facts of a page of nothing. */
export function emptyPage({ page, page_size }: { page: number; page_size: number }) {
  return { total: 0, page, page_size, has_more: false, total_pages: 0 };
}

/** Stands for the app of this process in addresses. */
const HERE = "http://127.0.0.1";

/**
 * Runs `body` with the service and ends what was opened for it, whatever happens.
 *
 * @throws {NoStore} where nothing runs, there is no store yet, and the command wouldn't make one.
 */
export async function withService<T>(
  context: ClientContext,
  need: Need,
  body: (service: Service) => Promise<T>,
): Promise<T> {
  const service = await running(context);
  if (service !== null) return await body(service);
  await context.load();
  const config = context.config();
  if (!need.creates && config.storage.backend === "sqlite" && statOf(config.storage.path) === undefined) {
    throw new NoStore(config.storage.path);
  }
  const here = await context.openHere(config, need.model ?? false);
  try {
    return await body(serviceOver(context, null, here.token, here.fetch));
  } finally {
    await here.close();
  }
}

/** The service that a command works with, where one is named or runs; null for the store of this process. */
export async function running(context: ClientContext): Promise<Service | null> {
  const { server, dataFolder, store } = context.reach();
  if (server !== null) return serviceAt(context, server, keyFor(context, server));
  const found = await findService(dataFolder, { store });
  return found === null ? null : serviceAt(context, found.url, found.token);
}

/** A running service. */
export function serviceAt(context: ClientContext, url: string, key: string | null): Service {
  return serviceOver(context, url, key, fetch);
}

function serviceOver(
  context: ClientContext,
  url: string | null,
  key: string | null,
  fetch: (request: Request) => Promise<Response>,
): Service {
  const base = url ?? HERE;
  const headers = () => {
    const headers = new Headers();
    // A header's characters are its bytes.
    if (key !== null) headers.set("authorization", `Bearer ${latin1(key)}`);
    const { spaces } = context.reach();
    if (spaces !== null) headers.set("x-unimem-space", spaces.join(","));
    return headers;
  };
  const answered = async (request: Request, contentHash?: unknown, options = {}): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(request);
    } catch (error) {
      if (context.signal.aborted || url === null) throw error;
      throw new MemoryError("unavailable", `Cannot reach ${url}: ${errorText(causeOf(error))}`, { cause: error });
    }
    if (response.ok) return response;
    throw await errorOf(response, { url, contentHash, options });
  };
  return {
    url,
    call: async (operation, input = {}, options = {}) => {
      const request = requestFor(base, operation, input, headers());
      return await jsonOf(await answered(request, (input as Record<string, unknown>).content_hash, options), base);
    },
    send: async (operation, form) => {
      const { method, path } = ROUTES[operation];
      return await jsonOf(await answered(new Request(base + path, { method, body: form, headers: headers() })), base);
    },
    stream: async (operation, input, options) => {
      const request = requestFor(base, operation, input, headers());
      return await answered(new Request(request, { signal: context.signal }), undefined, options);
    },
  };
}

/** Of a fetch that failed, what the system said. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

async function jsonOf<T>(response: Response, base: string): Promise<T> {
  try {
    return await response.json();
  } catch (cause) {
    throw new MemoryError("unavailable", `Cannot read the answer of ${base}: it is not JSON`, { cause });
  }
}

function latin1(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}
