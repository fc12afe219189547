/**
 * Finds the files of a local model: bundled with Unimem, in a folder of the user's, or downloaded before.
 *
 * @module
 */

import { basename, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { errorText, MemoryError } from "../errors.ts";
import { type Pooling, profileOf } from "./profile.ts";
import type { TextKind } from "./provider.ts";
import { BUNDLED_MODEL, type LocalSettings } from "./settings.ts";

/** A model ready to be loaded. */
export interface ModelFiles {
  /** The model as configured; enough to find it again. */
  name: string;
  /** Short name for the identity: the Hugging Face id, or the folder's own name, so that a moved folder stays the same. */
  label: string;
  /** Path of the ONNX file. */
  onnx: string;
  tokenizer: string;
  tokenizerConfig: string;
  /** Most tokens in one run, those the model wants around the text included. */
  window: number;
  pooling: Pooling;
  prefix: Record<TextKind, string>;
  /** A text and the vector it must get, where the model comes with one. */
  reference: Reference | null;
  /** Whether the weights are int8, so that the processor's kernels matter. */
  quantised: boolean;
}

/** A text and its unit-length vector, to see whether this machine computes what others do. */
export interface Reference {
  text: string;
  vector: number[];
}

/** Where a configured model is. */
export type ModelPlace = { kind: "bundled" | "folder"; folder: string } | { kind: "hub"; id: string; folder: string };

/** Weights as transformers.js names them, the preferred first: int8 is half as slow as fp32 and finds as well. */
const WEIGHTS = [
  "onnx/model_quantized.onnx",
  "onnx/model_qint8_avx512_vnni.onnx", // int8 as sentence-transformers exports it, for every processor all the same
  "onnx/model.onnx",
  "model_quantized.onnx",
  "model.onnx",
];
/** Names under which existing deployments know the bundled model. */
const BUNDLED_NAMES = [BUNDLED_MODEL, `sentence-transformers/${BUNDLED_MODEL}`, `Xenova/${BUNDLED_MODEL}`];
/** A Hugging Face id, with or without an owner. */
const HUB_ID = /^[\w][\w.-]*(\/[\w][\w.-]*)?$/;
/**
 * Longest window used, in tokens. Some models take thousands, but a run's time grows faster than its length, and one
 * vector for several pages finds less than one for each.
 */
const LONGEST_WINDOW = 512;
const SETTING = "MCP_MEMORY_EMBEDDING_MODEL";

/**
 * Where the configured model should be; whether anything is there shows in `readModelFolder`.
 *
 * @throws {MemoryError} `configuration` when the name is neither a folder nor a possible Hugging Face id.
 */
export async function placeOf(settings: LocalSettings): Promise<ModelPlace> {
  const { model, cacheFolder } = settings;
  if (BUNDLED_NAMES.includes(model)) {
    return { kind: "bundled", folder: join(settings.modelsFolder ?? bundledFolder(), BUNDLED_MODEL) };
  }
  if (isAbsolute(model) || /^\.{0,2}[/\\]|^~/.test(model) || await isFolder(model)) {
    return { kind: "folder", folder: model };
  }
  if (!HUB_ID.test(model)) {
    throw new MemoryError(
      "configuration",
      `Cannot use "${model}" as an embedding model: it is neither a folder nor a Hugging Face id, change ${SETTING}`,
    );
  }
  return { kind: "hub", id: model, folder: join(cacheFolder, ...model.split("/")) };
}

/** Whether a model was downloaded completely; each file appears in the folder only when all of it has come. */
export async function isDownloaded(folder: string): Promise<boolean> {
  return await isFile(join(folder, "tokenizer.json")) && await weightsIn(folder) !== undefined;
}

/**
 * The files of the model in a folder.
 *
 * @param name the model as configured.
 * @throws {MemoryError} `configuration` naming the folder or file that is missing or unreadable.
 */
export async function readModelFolder(name: string, place: ModelPlace): Promise<ModelFiles> {
  const { folder } = place;
  if (!await isFolder(folder)) {
    throw configurationError(`Cannot find the embedding model folder ${folder}`);
  }
  const onnx = await weightsIn(folder);
  if (onnx === undefined) throw configurationError(`Cannot find ${WEIGHTS[0]} in the embedding model folder ${folder}`);
  const tokenizer = join(folder, "tokenizer.json");
  if (!await isFile(tokenizer)) {
    throw configurationError(`Cannot find tokenizer.json in the embedding model folder ${folder}`);
  }
  const tokenizerConfig = join(folder, "tokenizer_config.json");
  const label = place.kind === "bundled" ? BUNDLED_MODEL : place.kind === "hub" ? place.id : basename(folder);
  const profile = profileOf(label);
  return {
    name: place.kind === "bundled" ? BUNDLED_MODEL : name,
    label,
    onnx,
    tokenizer,
    tokenizerConfig,
    window: windowOf(await readJson(join(folder, "config.json")), await readJson(tokenizerConfig)),
    pooling: poolingOf(await readJson(join(folder, "1_Pooling", "config.json"), true)) ?? profile.pooling,
    prefix: profile.prefix,
    reference: await referenceIn(folder),
    quantised: /quantized|qint8/.test(basename(onnx)),
  };
}

/** A `configuration` error that says which setting to change. */
export function configurationError(problem: string, cause?: unknown): MemoryError {
  const reason = cause === undefined ? "" : `: ${errorText(cause)}`;
  return new MemoryError("configuration", `${problem}${reason}, check ${SETTING}`, { cause });
}

/** `models/` at the project's root; in a compiled program that is where it unpacks itself to. */
function bundledFolder(): string {
  return fileURLToPath(new URL("../../models", import.meta.url));
}

async function weightsIn(folder: string): Promise<string | undefined> {
  for (const name of WEIGHTS) {
    const path = join(folder, ...name.split("/"));
    if (await isFile(path)) return path;
  }
  return undefined;
}

/** The smallest of the limits the files state. Tokenizers without a limit say 1e30. */
function windowOf(config: Record<string, unknown>, tokenizerConfig: Record<string, unknown>): number {
  const limits = [tokenizerConfig.model_max_length, config.max_position_embeddings, LONGEST_WINDOW];
  return Math.min(...limits.filter((limit) => typeof limit === "number" && limit >= 8) as number[]);
}

/** Pooling as sentence-transformers records it; undefined where it doesn't. */
function poolingOf(config: Record<string, unknown>): Pooling | undefined {
  if (config.pooling_mode_cls_token === true) return "cls";
  if (config.pooling_mode_lasttoken === true) return "last";
  return config.pooling_mode_mean_tokens === true ? "mean" : undefined;
}

/** The reference that `reference.json` holds; null without such a file, as in folders that others made. */
async function referenceIn(folder: string): Promise<Reference | null> {
  const path = join(folder, "reference.json"), { text, vector } = await readJson(path, true);
  if (text === undefined && vector === undefined) return null;
  if (typeof text === "string" && Array.isArray(vector) && vector.every((value) => typeof value === "number")) {
    return { text, vector };
  }
  throw configurationError(`Cannot read the embedding model file ${path}: it holds no text with its vector`);
}

async function readJson(path: string, optional = false): Promise<Record<string, unknown>> {
  if (optional && !await isFile(path)) return {};
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    throw configurationError(`Cannot read the embedding model file ${path}`, error);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isDirectory, () => false);
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}
