/**
 * Spans: what a trace shows of a request. Without OpenTelemetry there is no tracer, and nothing is paid for one.
 *
 * @module
 */

import type { Outcome } from "./outcome.ts";

/** Where a request came in: REST, JSON-RPC on the REST port, the MCP port, standard input. */
export type Surface = "rest" | "rpc" | "mcp" | "stdio";

/** A request that is being answered. */
export interface RequestScope {
  readonly id: string;
  readonly surface: Surface;
  /** A route's operationId, a tool's name, or another word from a bounded set; never what a client wrote. */
  operation: string;
  /** Set where the answer's status doesn't tell it. */
  outcome?: Outcome;
  /** What it carried was counted by itself: the messages in an HTTP request to the MCP port. */
  carried?: boolean;
}

/** Makes spans, which end with the work they stand for. */
export interface Tracer {
  /** Runs a request's operation in a span of its name. */
  request<T>(scope: RequestScope, run: () => Promise<T>): Promise<T>;
  /** Runs a call to the store or the model in a span. */
  call<T>(name: string, attributes: Record<string, string>, run: () => Promise<T>): Promise<T>;
}
