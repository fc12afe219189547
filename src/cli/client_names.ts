/**
 * The commands that load neither a store nor a model by themselves, each with the module that it needs: those that call
 * operations, and those about this machine's settings, clients and service.
 *
 * @module
 */

import type { Command } from "commander";
import type { ClientContext } from "./context.ts";

type Add = (program: Command, context: ClientContext) => void;

const memories = async () => (await import("./memories.ts")).addMemories;
const curating = async () => (await import("./curating.ts")).addCurating;
const relations = async () => (await import("./relations.ts")).addRelations;
const login = async () => (await import("./login.ts")).addLogin;

/** What adds a command, by its first word. */
export const CLIENT_COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  store: memories,
  search: memories,
  list: memories,
  get: memories,
  delete: memories,
  edit: curating,
  tag: curating,
  similar: curating,
  duplicates: curating,
  merge: curating,
  tags: async () => (await import("./tags.ts")).addTags,
  trash: async () => (await import("./trash.ts")).addTrash,
  relations,
  supersede: relations,
  review: relations,
  conversations: async () => (await import("./conversations.ts")).addConversations,
  documents: async () => (await import("./documents.ts")).addDocuments,
  briefing: async () => (await import("./briefing.ts")).addBriefing,
  candidates: async () => (await import("./candidates.ts")).addCandidates,
  events: async () => (await import("./events.ts")).addEvents,
  stats: async () => (await import("./stats.ts")).addStats,
  open: async () => (await import("./open.ts")).addOpen,
  login,
  logout: login,
  keys: async () => (await import("./keys.ts")).addKeys,
  spaces: async () => (await import("./spaces.ts")).addSpaces,
  grants: async () => (await import("./grants.ts")).addGrants,
  audit: async () => (await import("./audit.ts")).addAudit,
  optimize: async () => (await import("./optimize.ts")).addOptimize,
  config: async () => (await import("./config.ts")).addConfig,
  connect: async () => (await import("./connect/connect.ts")).addConnect,
  service: async () => (await import("./service/command.ts")).addService,
  hook: async () => (await import("./hook.ts")).addHook,
  project: async () => (await import("./project.ts")).addProject,
};
