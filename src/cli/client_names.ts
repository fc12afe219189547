/**
 * Names of the commands that call operations; see `client_program.ts`.
 *
 * @module
 */

/** The first word of each. */
export const CLIENT_COMMANDS: readonly string[] = [
  ...["store", "search", "list", "get", "delete", "edit", "tag", "similar", "duplicates", "merge", "trash"],
  ...["relations", "supersede", "review", "documents", "briefing", "events", "open", "login", "logout"],
];
