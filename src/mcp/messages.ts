/**
 * JSON-RPC messages as clients write them, before the SDK checks their form.
 *
 * @module
 */

/**
 * The same message, or list of messages, without the nulls that mean "not given": `params`, everything right in it, and
 * the arguments of a prompt. The arguments of a tool are read where the tool is known. Changes the value it is given.
 */
export function withoutNulls(message: unknown): unknown {
  for (const one of Array.isArray(message) ? message : [message]) {
    if (!isObject(one)) continue;
    if (one.params === null) delete one.params;
    if (!isObject(one.params)) continue;
    dropNulls(one.params);
    if (one.method !== "tools/call") Object.values(one.params).filter(isObject).forEach(dropNulls);
  }
  return message;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function dropNulls(fields: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(fields)) if (value === null) delete fields[name];
}
