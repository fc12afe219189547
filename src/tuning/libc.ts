/**
 * glibc, by its name or by the paths at which systems keep it.
 *
 * @module
 */

/** Under rights for single libraries, Deno takes a name for a file of the working folder. */
const PLACES = ["libc.so.6", `/lib/${Deno.build.arch}-linux-gnu/libc.so.6`, "/lib64/libc.so.6", "/usr/lib/libc.so.6"];

/** Functions of the C library; null where it is another one, or may not be loaded. */
export function openLibc<const S extends Deno.ForeignLibraryInterface>(
  functions: S,
): Deno.DynamicLibrary<S>["symbols"] | null {
  if (Deno.build.os !== "linux") return null;
  for (const place of PLACES) {
    try {
      return Deno.dlopen(place, functions).symbols;
    } catch {
      // The next place, if any.
    }
  }
  return null;
}
