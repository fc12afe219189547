/**
 * The worker that finds the index terms of long texts.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { lowerThreadPriority } from "../tuning/thread_priority.ts";
import { analysed, type AnalysisAnswer, type AnalysisTask } from "./analysis.ts";

lowerThreadPriority();

self.onmessage = ({ data: { id, kind, content } }: MessageEvent<AnalysisTask>) =>
  self.postMessage({ id, found: analysed(kind, content) } satisfies AnalysisAnswer);
