/**
 * Gives up every right.
 *
 * @module
 */

/** All there are; Deno's types lack the right to import from other machines. */
const NAMES = ["read", "write", "net", "env", "sys", "run", "ffi", "import"];

/**
 * Gives up every right of this isolate for good, so that a document that takes a parser over finds nothing to use. An
 * executable starts with all rights of the service; a `deno run` with few of them.
 */
export function revokeAll(): void {
  for (const name of NAMES) {
    const { state } = Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
    if (state === "granted") throw new Error(`Cannot give up the right "${name}"`);
  }
}
