/**
 * What every operation works with. One runtime serves all listeners of a process.
 *
 * @module
 */

import type { Caller } from "../access/caller.ts";
import type { EmbeddingService, Reranker } from "../embedding/embedder.ts";
import type { MemoryStore, StoreSpaces } from "../storage/contract/spaces.ts";
import type { MemoryStorage } from "../storage/contract/storage.ts";
import type { CosineScale } from "../memory/relevance.ts";
import type { SearchEffort } from "../memory/schemas.ts";
import type { ToolProfile } from "../memory/tool_profile.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Activity } from "./activity.ts";
import type { AuditLog } from "./audit/log.ts";
import type { BackgroundState } from "./background/state.ts";
import type { BackupState } from "./backup/state.ts";
import type { Events } from "./events.ts";
import type { HealthRecord } from "./health/record.ts";
import type { DocumentSettings } from "./documents/settings.ts";

/** What agents are given over MCP. */
export interface ToolSettings {
  /** The tools of clients that ask for no other profile. */
  profile: ToolProfile;
  /** Form of the text in answers; `auto` goes by the tool and the client. */
  output: "auto" | "compact" | "json" | "connector";
  /** Whether compact answers come with their structured content; `auto` goes by the client. */
  structured: "auto" | "always" | "never";
}

/** Limits and facts operations need from the settings. */
export interface OperationSettings {
  /** Longest content that is one chunk, in characters (UTF-16 units). */
  maxContentLength: number;
  /** How the chunks of longer content are cut; null refuses it. */
  split: { overlap: number; preserveBoundaries: boolean } | null;
  /** Adds `source:<hostname>` to the tags of memories stored with a client_hostname, as existing deployments do. */
  includeHostname: boolean;
  /** Zone in which days begin where a client names none: an IANA name or an offset such as `+02:00`. */
  timeZone: string;
  /** What agents are given over MCP; all tools, and the rest by the client, without it. */
  tools?: ToolSettings;
  /** Days that deleted memories stay in the trash; 0 deletes them at once. */
  trashDays: number;
  /** Days after which turns that hooks captured go to the trash; 0, as by default, keeps them. */
  turnDays?: number;
  /** Milliseconds that a search or a store waits for a loading model before it goes on without; 3000 by default. */
  modelWaitMs?: number;
  /** Whether searches that don't say use the reranker; by default they do where there is one. */
  searchEffort?: SearchEffort;
  /** Milliseconds that a search gives the reranker; 500 by default. */
  rerankBudgetMs?: number;
  /** Scales of models' cosines by the model's id, beside the bundled model's. */
  cosineScales?: Readonly<Record<string, CosineScale>>;
  /** Defaults and limits of documents, where they differ from the usual ones. */
  documents?: DocumentSettings;
}

/**
 * The models in use. They differ only while a store made with another model is being re-embedded: searches then go on
 * with the old one.
 */
export interface EmbeddingModels {
  /** The model whose vectors the store serves; null while the store's model isn't known yet. */
  serving: EmbeddingService | null;
  /** The model the settings ask for, or else the one chosen for the store. Another takes its place when that changes. */
  configured: EmbeddingService;
  /** Whether a setting names the model, so that none can be chosen for the store. */
  fixed?: boolean;
  /** Makes a service for a model chosen for the store, null for the default; absent where the settings name a model. */
  open?: (chosen: string | null) => EmbeddingService;
  /** The choice that `configured` was made for; the default unless it is given. */
  chosen?: string | null;
  /** Rejects with `refused` while the store's memories may not be sent to the configured model; absent for a local one. */
  permit?: () => Promise<void>;
  /** Settles once it is known, after the start, which model serves; absent in a process that follows none. */
  settling?: Promise<unknown>;
  /** Progress of a running re-embedding; null when none runs. */
  reembedding: { model: string; done: number; total: number; since: number } | null;
  /** Reads the first results of a search again; absent unless configured. */
  reranker?: Reranker;
}

/** What an operation works with: shared parts, and the store as its caller sees it. */
export interface Runtime {
  /** Who asks. */
  readonly caller: Caller;
  /** The store, bound to the caller's spaces. */
  readonly storage: MemoryStorage;
  /** Making, moving and dropping spaces; only for those who may do everything in all of them. */
  readonly spaces?: StoreSpaces;
  /**
   * The same caller's runtime in others of the spaces it may choose from, the first one to write to; null where it can't
   * see one. Absent in the process's own.
   */
  readonly inSpaces?: (names: readonly string[]) => Runtime | null;
  readonly embeddings: EmbeddingModels;
  readonly settings: OperationSettings;
  /** Told by operations what they did, after their commit. */
  readonly events: Events;
  /** Counts of what was asked and done, for the figures that clients can ask for. */
  readonly activity: Activity;
  /** Takes notes of who changed what, for operators. */
  readonly audit: AuditLog;
  /** Measurements, traces and request ids of the process. */
  readonly telemetry: Telemetry;
  /** Which process does the background work of the store, and how it stands; kept up to date by that work. */
  readonly background: BackgroundState;
  /** What is known of the parts' health, and where they report to. */
  readonly health: HealthRecord;
  /** How the scheduled backups go. */
  readonly backups: BackupState;
  /** Unix seconds with fraction, strictly increasing between calls. */
  readonly now: () => number;
  /** Unix milliseconds at which the process began to serve. */
  readonly startedAt: number;
  readonly version: string;
}

/** The runtime of the process itself, over the whole store. `callerRuntime` makes a caller's from it. */
export interface ServiceRuntime extends Runtime {
  readonly storage: MemoryStore;
}
