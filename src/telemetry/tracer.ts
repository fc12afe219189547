/**
 * Spans: what a trace shows of a request. Without OpenTelemetry there is no tracer, and nothing is paid for one.
 *
 * @module
 */

import type { RequestScope } from "./requests.ts";

/** Makes spans, which end with the work they stand for. */
export interface Tracer {
  /** Runs a request's operation in a span of its name. */
  request<T>(scope: RequestScope, run: () => Promise<T>): Promise<T>;
  /** Runs a call to the store or the model in a span. */
  call<T>(name: string, attributes: Record<string, string>, run: () => Promise<T>): Promise<T>;
}
