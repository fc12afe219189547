/**
 * Downloads a model from Hugging Face into the cache folder, with transformers.js, which knows the hub's files, tokens
 * and redirects. It runs in a worker that goes away afterwards, because the package and the libraries it loads would
 * add 45 MB to the process for good.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { makePrivateFolder } from "../private_files.ts";

/** What the download worker gets. */
export interface DownloadRequest {
  model: string;
  cacheFolder: string;
  /** With a final slash; undefined for Hugging Face. */
  host: string | undefined;
}

/** What the download worker answers. */
export type DownloadAnswer =
  | { type: "progress"; share: number }
  | { type: "done" }
  | { type: "failed"; message: string; missing: boolean };

/**
 * Downloads what is needed to run a model, or checks that all of it is there.
 *
 * @param onProgress gets the share of bytes that have come, 0 to 1.
 * @throws {MemoryError} `configuration` when there is no such model, `unavailable` when the hub can't be reached.
 */
export async function download(
  model: string,
  cacheFolder: string,
  onProgress: (share: number) => void,
  host?: string,
): Promise<void> {
  makePrivateFolder(cacheFolder);
  const worker = new Worker(new URL("./download_worker.ts", import.meta.url), { type: "module", name: "download" });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<DownloadAnswer>) => {
        if (data.type === "progress") onProgress(data.share);
        else if (data.type === "done") resolve();
        else reject(failure(model, data));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(failure(model, { message: event.message, missing: false }));
      };
      worker.postMessage({ model, cacheFolder, host } satisfies DownloadRequest);
    });
  } finally {
    worker.terminate();
  }
}

function failure(model: string, { message, missing }: { message: string; missing: boolean }): MemoryError {
  return missing
    ? new MemoryError(
      "configuration",
      `Cannot find the embedding model ${model} on Hugging Face, or its ONNX files: ${message}, ` +
        "check MCP_MEMORY_EMBEDDING_MODEL",
    )
    : new MemoryError("unavailable", `Cannot download the embedding model ${model} from Hugging Face: ${message}`, {
      retryAfterSeconds: 30,
    });
}
