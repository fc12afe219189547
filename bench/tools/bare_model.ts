/**
 * The model alone: how many texts a second it turns into vectors, one after the other, with threads on all cores and
 * nothing around it.
 *
 * Usage: bare_model.ts passage|query FIRST COUNT
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { LocalModel } from "../../src/embedding/local_model.ts";
import { readModelFolder } from "../../src/embedding/model_files.ts";
import { BUNDLED_MODEL } from "../../src/embedding/settings.ts";
import { questionAt, textAt } from "../lib/texts.ts";

const WARM_UP = 50;

const kind = Deno.args[0] === "query" ? "query" : "passage";
const [first, count] = Deno.args.slice(1).map(Number) as [number, number];
const textOf = kind === "query" ? questionAt : textAt;
const folder = new URL(`../../models/${BUNDLED_MODEL}`, import.meta.url).pathname;
const files = await readModelFolder(BUNDLED_MODEL, { kind: "folder", folder });
const model = await LocalModel.open(files, availableParallelism());

async function embed(from: number, texts: number): Promise<void> {
  for (let i = from; i < from + texts; i++) {
    for (const part of model.parts(textOf(i), kind)) await model.run(part);
  }
}

await embed(first + count, WARM_UP);
const began = performance.now();
await embed(first, count);
const rate = count / (performance.now() - began) * 1000;
await model.release();
console.log(JSON.stringify({ rate }));
