/**
 * The worker that holds the cross-encoder.
 *
 * @module
 */

import { errorText } from "../errors.ts";
import { collectGarbage } from "../tuning/idle_gc.ts";
import { lowerThreadPriority } from "../tuning/thread_priority.ts";
import { quietConsole } from "../output.ts";
import { forbidReports } from "./reports.ts";
import type { RerankAnswer, RerankRequest } from "./reranker.ts";
import { sanitise } from "./sanitise.ts";

quietConsole();

/** The worker's own side of messaging, which the type checker's default library for the main thread doesn't know. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<RerankRequest>) => void) | null;
  postMessage(answer: RerankAnswer): void;
}

/** A loaded cross-encoder. */
interface CrossEncoder {
  /** The model's first logit, of any size; the larger, the better the text answers. */
  score(query: string, text: string): Promise<number>;
  /** Frees the model. */
  release(): Promise<void>;
}

/** Weights to look for, the preferred first; a repository needn't have int8 ones. */
const DTYPES = ["q8", "fp32"] as const;
/** Characters of a text that are read: more than any cross-encoder's window holds. */
const MAX_TEXT = 8000;

const scope = self as unknown as WorkerScope;
let encoder: CrossEncoder | undefined;
/** Requests run one after the other: the session's threads are on all cores already. */
let last: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  last = last.then(() => data.type === "load" ? load(data) : data.type === "close" ? close() : score(data));
};

async function load(request: RerankRequest & { type: "load" }): Promise<void> {
  lowerThreadPriority();
  try {
    encoder = await open(request);
    await encoder.score("warm-up", "warm-up");
    scope.postMessage({ type: "loaded" });
  } catch (error) {
    scope.postMessage({ type: "failed", id: null, message: errorText(error) });
  }
}

async function score({ id, query, texts, deadline }: RerankRequest & { type: "score" }): Promise<void> {
  try {
    const scores: number[] = [];
    // A pair a run: in a batch of an int8 model pairs would share one scale, and padding costs more than it saves.
    for (const text of texts) {
      if (Date.now() >= deadline) break;
      scores.push(await encoder!.score(query, text));
    }
    scope.postMessage({ type: "scores", id, scores });
  } catch (error) {
    scope.postMessage({ type: "failed", id, message: errorText(error) });
  }
}

/** Frees the model before the thread ends: native memory isn't the thread's. */
async function close(): Promise<void> {
  await encoder?.release();
  encoder = undefined;
  collectGarbage();
  scope.postMessage({ type: "closed" });
}

async function open(
  { model, isFolder, cacheFolder, offline }: RerankRequest & { type: "load" },
): Promise<CrossEncoder> {
  forbidReports();
  // ONNX Runtime's web part, which transformers.js imports even where it isn't used, can't stand a worker's location,
  // whose origin is "null".
  Object.defineProperty(globalThis, "location", { value: undefined, configurable: true });
  const { AutoModelForSequenceClassification, AutoTokenizer, env } = await import("@huggingface/transformers");
  env.allowLocalModels = isFolder;
  env.allowRemoteModels = !isFolder && !offline;
  env.useBrowserCache = false;
  env.useFSCache = true;
  env.cacheDir = cacheFolder;
  if (isFolder) env.localModelPath = "";
  const options = { local_files_only: isFolder || offline };
  const tokenizer = await AutoTokenizer.from_pretrained(model, options);
  let loaded;
  for (const dtype of DTYPES) {
    try {
      loaded = await AutoModelForSequenceClassification.from_pretrained(model, { ...options, dtype });
      break;
    } catch (error) {
      if (dtype === DTYPES.at(-1)) throw error;
    }
  }
  return {
    score: async (query, text) => {
      const inputs = tokenizer(sanitise(query), {
        text_pair: sanitise(text.slice(0, MAX_TEXT)),
        truncation: true,
      });
      const { logits } = await loaded!(inputs);
      return Number(logits.data[0]);
    },
    release: async () => void await loaded!.dispose(),
  };
}
