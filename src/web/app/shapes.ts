/**
 * The parts of the REST answers that the pages read; `/openapi.json` describes each field.
 *
 * @module
 */

/** A memory; times are Unix seconds. */
export interface Memory {
  content: string;
  content_hash: string;
  tags: string[];
  memory_type: string | null;
  metadata: Record<string, unknown>;
  conversation_id: string | null;
  created_at: number | null;
  updated_at: number | null;
  superseded_by?: string;
  superseded_reason?: string;
  valid_from?: number;
  valid_until?: number;
  writer?: { name: string; channel: string; client?: { name: string; version?: string } };
}

export interface MemoryPage {
  memories: Memory[];
  total: number;
  page: number;
  page_size: number;
  has_more: boolean;
  total_pages: number;
}

/** A part of a content, in UTF-16 units. */
export interface Passage {
  start: number;
  end: number;
}

export interface Scores {
  semantic: number | null;
  words: number;
  neighbours: number;
  speaker?: number;
  role?: number;
  asking?: number;
  turn?: number;
  time?: number;
}

export interface Hit {
  memory: Memory;
  similarity_score: number | null;
  relevance_reason: string | null;
  relevance?: number | null;
  scores?: Scores | null;
  passage?: Passage | null;
  exchange?: { part: "question" | "answer"; memory: Memory; passage?: Passage | null } | null;
}

export interface SearchAnswer {
  results: Hit[];
  pagination: { total: number; total_is_minimum?: boolean; total_pages: number; page: number; has_more: boolean };
  notice: string | null;
  relevant?: number;
  temporal_intent?: "now" | "before" | "order";
  processing_time_ms: number | null;
}

export interface Relation {
  source: string;
  target: string;
  relation_type: string;
  direction: "outgoing" | "incoming";
  depth: number;
}

export interface RelationsAnswer {
  relations: Relation[];
  memories: (Memory & { depth: number })[];
  truncated: boolean;
}

export interface TagCount {
  tag: string;
  count: number;
}

export interface HealthPart {
  name: string;
  state: string;
  since: string;
  message: string;
  action: string | null;
}

export interface Health {
  status: string;
  version: string;
  uptime_seconds: number;
  listeners?: { name: string; address: string; state: string }[];
  parts: HealthPart[];
  storage: {
    backend: string;
    status: string;
    database_path: string | null;
    database_size_bytes: number | null;
    total_memories: number | null;
    unique_tags: number | null;
    conversations: number | null;
    memories_this_week: number | null;
    details: Record<string, string | number | boolean | null> | null;
  };
  embedding: {
    status: { state: string; error?: string };
    model: string | null;
    dimensions: number | null;
    counters: Record<string, number | string | null>;
    coverage: { memories: number; embedded: number } | null;
    reembedding: { model: string; done: number; total: number } | null;
  };
  system: Record<string, string | number | null>;
}

export interface UploadFile {
  filename: string;
  status: string;
  chunks_stored: number;
  error: string | null;
  warnings: string[];
}

export interface Upload {
  upload_id: string;
  status: string;
  filename: string;
  file_size: number;
  chunks_stored: number;
  total_chunks: number;
  progress: number;
  errors: string[];
  created_at: string;
  completed_at: string | null;
  documents: UploadFile[];
}
