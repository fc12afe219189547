/** Runs `body` with a folder that is removed afterwards, and the path of a store in it that isn't there yet. */
export async function inFolder(body: (folder: string, path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  try {
    await body(folder, `${folder}/memory.db`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
