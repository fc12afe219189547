/**
 * What the document operations need from the settings.
 *
 * @module
 */

import { CHUNK_OVERLAP, CHUNK_SIZE } from "../../documents/chunks.ts";
import { DEFAULT_LIMITS, type DocumentLimits } from "../../documents/document.ts";

/** Defaults and limits of uploads. */
export interface DocumentSettings {
  /** Characters of a chunk and of what it repeats, where an upload doesn't say. */
  chunkSize: number;
  chunkOverlap: number;
  limits: DocumentLimits;
}

/** Files in one batch. */
export const MAX_BATCH_FILES = 100;

/** What applies where nothing else is set. */
export const DOCUMENT_DEFAULTS: Readonly<DocumentSettings> = {
  chunkSize: CHUNK_SIZE.default,
  chunkOverlap: CHUNK_OVERLAP.default,
  limits: DEFAULT_LIMITS,
};

/** The settings of a runtime, or the defaults. */
export function documentSettings({ settings }: { settings: { documents?: DocumentSettings } }): DocumentSettings {
  return settings.documents ?? DOCUMENT_DEFAULTS;
}
