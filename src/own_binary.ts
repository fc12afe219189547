/**
 * The binary that runs this process, for processes of the same program.
 *
 * @module
 */

/** The running binary as Linux names it: a right that can be given before the binary's path is known. */
const OWN_IMAGE = "/proc/self/exe";

/** The running binary, under the name that may be run. */
export function ownBinary(): string {
  const path = Deno.execPath();
  const may = (command: string) => Deno.permissions.querySync({ name: "run", command }).state === "granted";
  return !may(path) && Deno.build.os === "linux" && may(OWN_IMAGE) ? OWN_IMAGE : path;
}
