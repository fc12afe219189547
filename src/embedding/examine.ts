/**
 * Examines the configured model: its files, whether they are whole, and what it makes of a text. Downloads nothing.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { MemoryError } from "../errors.ts";
import type { ModelExamination } from "./embedder.ts";
import { createEmbeddingService, type EmbeddingSettings } from "./factory.ts";
import { isDownloaded, type ModelPlace, placeOf } from "./model_files.ts";

/** SHA-256 of the bundled model's files, as `models/README.md` lists them. */
const BUNDLED: Record<string, string> = {
  "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
  "onnx/model_quantized.onnx": "d4ddf63774c468532cd7bc79adc8c262fd22947df9b24f3174799543071b3ddf",
  "reference.json": "5deb6c4e468b30a3aeb033b68839cba678bb6679b52cfa4a64cbd9ea622fdfee",
  "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
  "tokenizer_config.json": "da7f5dab6e61c37b86b855300cf8df584e3708800b5b465ee8090ce17bb65c23",
};

/**
 * Examines the model; null when it will be downloaded at the first start.
 *
 * @throws {MemoryError} naming the file or the server that can't be used.
 */
export async function examineModel(settings: EmbeddingSettings): Promise<ModelExamination | null> {
  let verified = false;
  if (settings.provider === "local") {
    const place = await placeOf(settings);
    if (place.kind === "hub" && !settings.offline && !await isDownloaded(place.folder)) return null;
    verified = await verify(place);
  }
  const service = createEmbeddingService(settings);
  try {
    const identity = await service.ready();
    const vector = await service.embedQuery("Unimem examines its model");
    if (vector.length !== identity.dimensions || !vector.every(Number.isFinite)) {
      throw new MemoryError("configuration", "Cannot use the embedding model: its vectors make no sense");
    }
    return { identity, verified, warning: service.status.warning ?? null };
  } finally {
    await service.close();
  }
}

/** Whether the files are the bundled ones to the last bit; false where nothing is known of them. */
async function verify(place: ModelPlace): Promise<boolean> {
  if (place.kind !== "bundled") return false;
  for (const [name, expected] of Object.entries(BUNDLED)) {
    const path = join(place.folder, ...name.split("/"));
    const bytes = await Deno.readFile(path).catch((error) => {
      throw new MemoryError("configuration", `Cannot read the embedding model file ${path}`, { cause: error });
    });
    if (createHash("sha256").update(bytes).digest("hex") === expected) continue;
    throw new MemoryError(
      "configuration",
      `Cannot use the embedding model file ${path}: it is not what Unimem came with`,
    );
  }
  return true;
}
