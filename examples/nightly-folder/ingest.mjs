/**
 * Keeps a folder of documents in step with the memory: new and changed files are taken in, deleted ones are removed.
 * Run it every night; what didn't change costs nothing.
 *
 *     node ingest.mjs ~/papers
 *     0 3 * * *  node /path/to/ingest.mjs /home/me/papers    # crontab
 */

import { openAsBlob } from "node:fs";
import { readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { InvalidRequestError, NotFoundError, Unimem } from "@unimem/client";

const [given] = process.argv.slice(2);
if (given === undefined) {
  console.error("Cannot ingest: name the folder");
  process.exit(2);
}
const folder = resolve(given), stateFile = join(folder, ".unimem.json");
const memory = new Unimem({
  url: process.env.UNIMEM_URL ?? "http://127.0.0.1:8000",
  ...process.env.UNIMEM_API_KEY ? { key: process.env.UNIMEM_API_KEY } : {},
});
const tags = ["folder", basename(folder).replaceAll(",", " ")];

/** What was taken in: by the file's path, its size, its time and the upload it became. */
const state = JSON.parse(await readFile(stateFile, "utf8").catch(() => "{}"));

/** Written as a whole after each file, so that a run that is stopped goes on where it was. */
async function keep() {
  await writeFile(`${stateFile}.new`, JSON.stringify(state, null, 2));
  await rename(`${stateFile}.new`, stateFile);
}

async function remove(path) {
  const { upload } = state[path];
  try {
    await memory.call("removeDocument", { path: { upload_id: upload } });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
  delete state[path];
  await keep();
}

/** Uploads a file, and waits until it is stored. Gives why it can't be taken, or null. */
async function take(path, { size, mtimeMs }) {
  let upload;
  try {
    ({ upload_id: upload } = await memory.upload(await openAsBlob(join(folder, path)), basename(path), { tags }));
  } catch (error) {
    // Of a type that can't be read, or too large: the others go on.
    if (error instanceof InvalidRequestError) return error.message;
    throw error;
  }
  for (let wait = 100;; wait = Math.min(2000, wait * 2)) {
    const { status, errors = [] } = await memory.call("getUploadStatus", { path: { upload_id: upload } });
    if (status === "failed") return errors.join("; ") || "it can't be read";
    if (status === "completed") break;
    await new Promise((done) => setTimeout(done, wait));
  }
  state[path] = { size, mtimeMs, upload };
  await keep();
  return null;
}

const found = (await readdir(folder, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map(({ parentPath, path, name }) => join(parentPath ?? path, name).slice(folder.length + 1))
  .filter((path) => !path.split(/[\\/]/).some((part) => part.startsWith(".")));
const counts = { taken: 0, unchanged: 0, removed: 0, refused: 0 };
for (const path of Object.keys(state)) {
  if (found.includes(path)) continue;
  await remove(path);
  counts.removed++;
}
for (const path of found.sort()) {
  const facts = await stat(join(folder, path)), known = state[path];
  if (known?.size === facts.size && known.mtimeMs === facts.mtimeMs) {
    counts.unchanged++;
    continue;
  }
  if (known !== undefined) await remove(path);
  const fault = await take(path, facts);
  if (fault === null) counts.taken++;
  else {
    counts.refused++;
    console.error(`${path}: ${fault}`);
  }
}
console.log(Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(", "));
