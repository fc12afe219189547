/**
 * Splitting content that exceeds the length limit into several memories, as existing deployments do when
 * `MCP_ENABLE_AUTO_SPLIT` is on.
 *
 * @module
 */

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
