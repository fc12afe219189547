/**
 * Chunks of documents are kept as turns of a conversation each, so that they lend each other score.
 *
 * @module
 */

/** How the `conversation_id` of a document begins; no dialogue has it. */
export const DOCUMENT_CONVERSATION = "document:";
