/**
 * The worker that finds the index terms of long texts.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { giveWay } from "../../give_way.ts";
import { analysed, type AnalysisAnswer, type AnalysisTask } from "./analysis.ts";

giveWay();

self.onmessage = ({ data: { id, kind, content } }: MessageEvent<AnalysisTask>) =>
  self.postMessage({ id, found: analysed(kind, content) } satisfies AnalysisAnswer);
