/**
 * Looking at files that may not be there.
 *
 * @module
 */

/** What a path leads to; undefined where nothing is. @throws where that can't be seen. */
export function statOf(path: string): Deno.FileInfo | undefined {
  return ifThere(() => Deno.statSync(path));
}

/** The text of a file; undefined where there is none. @throws where it can't be read. */
export function textIn(path: string): string | undefined {
  return ifThere(() => Deno.readTextFileSync(path));
}

function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}
