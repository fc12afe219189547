/**
 * The worker that downloads a model with transformers.js.
 *
 * @module
 */

import { errorText } from "../errors.ts";
import { quietConsole } from "../output.ts";
import { forbidReports } from "./reports.ts";
import type { DownloadAnswer, DownloadRequest } from "./download.ts";

quietConsole();

/**
 * Weights to look for, the preferred first: int8 under the name of transformers.js or under that of sentence-transformers,
 * which `intfloat/multilingual-e5-small` and others have. Without either, four times as many bytes come.
 */
const WEIGHTS = [
  { dtype: "q8" },
  { dtype: "fp32", model_file_name: "model_qint8_avx512_vnni" },
  { dtype: "fp32" },
] as const;

/** The worker's own side of messaging, which the type checker's default library for the main thread doesn't know. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<DownloadRequest>) => void) | null;
  postMessage(answer: DownloadAnswer): void;
}

const scope = self as unknown as WorkerScope;

scope.onmessage = async ({ data }) => {
  try {
    await fetchModel(data);
    scope.postMessage({ type: "done" });
  } catch (error) {
    scope.postMessage({ type: "failed", message: errorText(error), missing: isMissing(error) });
  }
};

async function fetchModel({ model, cacheFolder, host }: DownloadRequest): Promise<void> {
  forbidReports();
  // ONNX Runtime's web part, which transformers.js imports even where it isn't used, can't stand a worker's location,
  // whose origin is "null".
  Object.defineProperty(globalThis, "location", { value: undefined, configurable: true });
  const { AutoModel, AutoTokenizer, env } = await import("@huggingface/transformers");
  env.allowLocalModels = false;
  env.useBrowserCache = false;
  env.useFSCache = true;
  env.cacheDir = cacheFolder;
  if (host !== undefined) env.remoteHost = host;
  for (const weights of WEIGHTS) {
    try {
      const loaded = await AutoModel.from_pretrained(model, { ...weights, progress_callback: report });
      await loaded.dispose();
      break;
    } catch (error) {
      if (!isMissing(error) || weights === WEIGHTS.at(-1)) throw error;
    }
  }
  await AutoTokenizer.from_pretrained(model);
}

function report(event: { status: string; progress?: number }): void {
  // Per cent of all files together.
  if (event.status === "progress_total") scope.postMessage({ type: "progress", share: (event.progress ?? 0) / 100 });
}

function isMissing(error: unknown): boolean {
  return /\b(404|401|not found|Could not locate)\b/i.test(errorText(error));
}
