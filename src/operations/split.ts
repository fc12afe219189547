/**
 * Content over the length limit. It is one memory all the same: the whole is kept, and its chunks are what it is embedded
 * and found by. The answer of a store counts the chunks that existing clients expect of a split.
 *
 * @module
 */

import type { Runtime } from "./runtime.ts";

/** Most characters of a content, however it is split: embedding so many takes a model half a minute. */
const LONGEST = 1_000_000;

/** Why a content can't be stored, as a part of a sentence; null for one that can. */
export function lengthFault({ settings }: Pick<Runtime, "settings">, { length }: string): string | null {
  const { maxContentLength, split } = settings, limit = split === null ? maxContentLength : LONGEST;
  if (length <= Math.max(limit, maxContentLength)) return null;
  return `content of ${length} characters: the limit is ${limit}`;
}

/** Chunks of a content; 1 where it is within the limit. */
export function chunksOf({ settings }: Pick<Runtime, "settings">, content: string): number {
  const { maxContentLength: maxLength, split } = settings;
  return split === null || content.length <= maxLength ? 1 : splitContent(content, { ...split, maxLength }).length;
}

/** How to split. Lengths are in characters. */
export interface SplitSettings {
  /** Longest part; ≥ 100. */
  maxLength: number;
  /** Characters each part repeats of the one before. */
  overlap: number;
  /** Whether to end parts at a paragraph, sentence or word where one is near enough. */
  preserveBoundaries: boolean;
}

/** Boundaries to end a part at, best first. */
const BOUNDARIES = [/\n\s*\n/g, /[.!?。！？]["')\]]*\s/g, /\n/g, /\s/g];

/** The parts of `content`, in order, each trimmed, non-empty and at most `maxLength` long. */
export function splitContent(content: string, settings: SplitSettings): string[] {
  const { maxLength, preserveBoundaries } = settings;
  const overlap = Math.min(settings.overlap, Math.floor(maxLength / 2));
  const parts: string[] = [];
  let start = 0;
  while (start < content.length) {
    let end = Math.min(content.length, start + maxLength);
    if (end < content.length) end = preserveBoundaries ? boundary(content, start, end) : whole(content, end);
    const part = content.slice(start, end).trim();
    if (part.length > 0) parts.push(part);
    if (end >= content.length) break;
    start = Math.max(start + 1, whole(content, end - overlap));
  }
  return parts;
}

/** The last boundary in the second half of the window, so that parts don't become tiny; the window's end without one. */
function boundary(content: string, start: number, end: number): number {
  const half = start + Math.floor((end - start) / 2);
  const window = content.slice(half, end);
  for (const pattern of BOUNDARIES) {
    let last = -1;
    for (const match of window.matchAll(pattern)) last = half + match.index + match[0].length;
    if (last > 0) return last;
  }
  return whole(content, end);
}

/** Moves a cut that would fall inside a surrogate pair in front of it. */
function whole(content: string, at: number): number {
  const unit = content.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
}
