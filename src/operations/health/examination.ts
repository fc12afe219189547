/**
 * What an examination from outside finds, beside a running service or without one.
 *
 * @module
 */

export type { ModelExamination } from "../../embedding/embedder.ts";
export type { StoreExamination } from "../../storage/examination.ts";
