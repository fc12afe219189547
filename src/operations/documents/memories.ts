/**
 * From a parsed document to the memories of its chunks.
 *
 * @module
 */

import { chunkSections, type DocumentChunk } from "../../documents/chunks.ts";
import type { Format, ParsedDocument } from "../../documents/document.ts";
import { extensionOf } from "../../documents/formats.ts";
import { contentHash } from "../../memory/hash.ts";
import type { Memory, Metadata } from "../../memory/memory.ts";
import { isoTime, normaliseTags } from "../../memory/schemas.ts";
import { Pacer } from "../../pacer.ts";

/** The upload a document came with. */
export interface UploadFacts {
  uploadId: string;
  tags: string[];
  memoryType: string;
  chunkSize: number;
  chunkOverlap: number;
  /** Unix seconds. */
  uploadedAt: number;
  fileSize: number;
  /** SHA-256 of the file in hexadecimal digits. */
  fileHash: string;
  /** Which of a batch's files it is; null outside a batch. */
  batch: { index: number; files: string[] } | null;
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
const LINK = /\[([^\]\n]+)\]\(([^)\s]+)[^)\n]*\)/g;
const FENCE = /^ {0,3}(?:```|~~~)/m;

/** The memories of a document's chunks, in order. */
export async function memoriesOf(document: ParsedDocument, upload: UploadFacts, now: () => number): Promise<Memory[]> {
  const chunks: DocumentChunk[] = [];
  const options = { size: upload.chunkSize, overlap: upload.chunkOverlap };
  const pacer = new Pacer();
  for (const chunk of chunkSections(document.sections, options)) {
    chunks.push(chunk);
    await pacer.pause();
  }
  const shared = sharedMetadata(document, upload, chunks.length);
  const source = document.fileName;
  const tags = normaliseTags([
    ...upload.tags,
    `source_file:${source}`,
    `file_type:${extensionOf(source).slice(1)}`,
    `upload_id:${upload.uploadId}`,
  ]);
  const conversation = upload.batch === null ? upload.uploadId : `${upload.uploadId}:${upload.batch.index}`;
  const memories: Memory[] = [];
  for (const chunk of chunks) {
    const metadata = { ...shared, ...chunkMetadata(document, chunk) };
    if (chunk.index === 0) Object.assign(metadata, firstMetadata(upload));
    const time = now();
    memories.push({
      content: chunk.text,
      content_hash: contentHash(chunk.text, metadata),
      tags,
      memory_type: upload.memoryType,
      metadata,
      // Chunks of a document lend each other score as the turns of a conversation do.
      conversation_id: `document:${conversation}`,
      created_at: time,
      updated_at: time,
    });
    await pacer.pause();
  }
  return memories;
}

/** What all chunks of a document have in common. */
function sharedMetadata(document: ParsedDocument, upload: UploadFacts, chunks: number): Metadata {
  const { format, text } = document;
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
    total_characters: text.length,
    ...(document.encoding === null ? {} : { total_lines: text.split("\n").length }),
    ...(format === "markdown"
      ? {
        header_count: new Set(document.sections.flatMap((section) => section.headings)).size,
        code_block_count: Math.floor((text.match(new RegExp(FENCE, "gm"))?.length ?? 0) / 2),
        link_count: text.match(LINK)?.length ?? 0,
      }
      : {}),
    total_chunks: chunks,
    chunking_strategy: "paragraph_aware",
    source: "upload",
    extracted_at: uploaded,
    upload_id: upload.uploadId,
    ...(upload.batch === null ? {} : { batch_index: upload.batch.index, batch_size: upload.batch.files.length }),
  };
}

function chunkMetadata(document: ParsedDocument, chunk: DocumentChunk): Metadata {
  const section = document.sections[chunk.section]!;
  const innermost = chunk.headings.at(-1);
  return {
    section_index: chunk.section + 1,
    is_section: true,
    section_start: section.start,
    section_end: section.end,
    section_path: chunk.headings.map(({ text }) => text),
    page: chunk.page,
    chunk_index: chunk.index,
    chunk_start: chunk.start,
    chunk_end: chunk.end,
    chunk_length: chunk.text.length,
    ...(document.format === "markdown"
      ? {
        markdown_headers: innermost ? [{ level: innermost.level, text: innermost.text }] : [],
        has_code_blocks: FENCE.test(chunk.text),
        chunk_links: [...chunk.text.matchAll(LINK)].map(([, text, url]) => ({ text: text!, url: url! })),
      }
      : {}),
  };
}

/** What is kept once for each document: how to tell that files are the same, and what else its batch held. */
function firstMetadata(upload: UploadFacts): Metadata {
  return {
    file_sha256: upload.fileHash,
    ...(upload.batch === null ? {} : { batch_files: upload.batch.files }),
  };
}
