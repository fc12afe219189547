/**
 * From a document's chunks to their memories.
 *
 * @module
 */

import type { Format } from "../../documents/document.ts";
import { extensionOf } from "../../documents/formats.ts";
import type { DocumentFacts, ReadChunk, ReadDocument } from "../../documents/read.ts";
import { DOCUMENT_CONVERSATION } from "../../memory/document_conversation.ts";
import { contentHash } from "../../memory/hash.ts";
import type { Memory, Metadata, Writer } from "../../memory/memory.ts";
import { isoTime, normaliseTags } from "../../memory/schemas.ts";
import { TimeSlice } from "../../yielding.ts";

/** The upload a document came with. */
export interface UploadFacts {
  uploadId: string;
  tags: string[];
  memoryType: string;
  /** Unix seconds. */
  uploadedAt: number;
  fileSize: number;
  /** SHA-256 of the file in hexadecimal digits. */
  fileHash: string;
  /** Which of a batch's files it is; null outside a batch. */
  batch: { index: number; files: string[] } | null;
  /** Absent where the memories get it later, as an import's do. */
  writer?: Writer;
}

/** Names that existing deployments keep with each chunk. */
const KINDS: Record<Format, { loader: string; content: string }> = {
  pdf: { loader: "PDFLoader", content: "pdf" },
  docx: { loader: "DOCXLoader", content: "docx" },
  markdown: { loader: "TextLoader", content: "markdown" },
  html: { loader: "HTMLLoader", content: "html" },
  text: { loader: "TextLoader", content: "plain_text" },
  csv: { loader: "CSVLoader", content: "csv" },
  json: { loader: "JSONLoader", content: "json" },
  jsonl: { loader: "JSONLoader", content: "jsonl" },
};

/** The memories of a document's chunks, in order. */
export async function memoriesOf(
  { facts, chunks }: ReadDocument,
  upload: UploadFacts,
  now: () => number,
): Promise<Memory[]> {
  const timeSlice = new TimeSlice();
  const shared = sharedMetadata(facts, upload, chunks.length);
  const source = facts.fileName;
  const tags = normaliseTags([
    ...upload.tags,
    `source_file:${source}`,
    `file_type:${extensionOf(source).slice(1)}`,
    `upload_id:${upload.uploadId}`,
  ]);
  const conversation = upload.batch === null ? upload.uploadId : `${upload.uploadId}:${upload.batch.index}`;
  const memories: Memory[] = [];
  for (const chunk of chunks) {
    const metadata = { ...shared, ...chunkMetadata(chunk) };
    if (chunk.index === 0) Object.assign(metadata, firstMetadata(upload));
    const time = now();
    memories.push({
      content: chunk.text,
      content_hash: contentHash(chunk.text, metadata),
      tags,
      memory_type: upload.memoryType,
      metadata,
      conversation_id: `${DOCUMENT_CONVERSATION}${conversation}`,
      created_at: time,
      updated_at: time,
      ...upload.writer === undefined ? {} : { writer: upload.writer },
    });
    await timeSlice.yieldIfDue();
  }
  return memories;
}

/** What all chunks of a document have in common. */
function sharedMetadata(document: DocumentFacts, upload: UploadFacts, chunks: number): Metadata {
  const { format, markdown } = document;
  const uploaded = isoTime(upload.uploadedAt);
  return {
    source_file: document.fileName,
    file_name: document.fileName,
    file_extension: extensionOf(document.fileName),
    file_size: upload.fileSize,
    modified_time: uploaded,
    loader_type: KINDS[format].loader,
    content_type: KINDS[format].content,
    encoding: document.encoding,
    title: document.title,
    total_pages: document.pages,
    total_characters: document.characters,
    ...(document.lines === null ? {} : { total_lines: document.lines }),
    ...(markdown === null ? {} : {
      header_count: markdown.headers,
      code_block_count: markdown.codeBlocks,
      link_count: markdown.links,
    }),
    total_chunks: chunks,
    chunking_strategy: "paragraph_aware",
    source: "upload",
    extracted_at: uploaded,
    upload_id: upload.uploadId,
    ...(upload.batch === null ? {} : { batch_index: upload.batch.index, batch_size: upload.batch.files.length }),
  };
}

function chunkMetadata(chunk: ReadChunk): Metadata {
  const innermost = chunk.headings.at(-1);
  return {
    section_index: chunk.section + 1,
    is_section: true,
    section_start: chunk.sectionStart,
    section_end: chunk.sectionEnd,
    section_path: chunk.headings.map(({ text }) => text),
    page: chunk.page,
    chunk_index: chunk.index,
    chunk_start: chunk.start,
    chunk_end: chunk.end,
    chunk_length: chunk.text.length,
    ...(chunk.markdown === null ? {} : {
      markdown_headers: innermost ? [{ level: innermost.level, text: innermost.text }] : [],
      has_code_blocks: chunk.markdown.hasCode,
      chunk_links: chunk.markdown.links.map(({ text, url }) => ({ text, url })),
    }),
  };
}

/** What is kept once for each document: how to tell that files are the same, and what else its batch held. */
function firstMetadata(upload: UploadFacts): Metadata {
  return {
    file_sha256: upload.fileHash,
    ...(upload.batch === null ? {} : { batch_files: upload.batch.files }),
  };
}
