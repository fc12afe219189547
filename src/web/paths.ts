/**
 * The paths of the dashboard's pages. What a page shows is in the query.
 *
 * @module
 */

export const PAGE_PATHS = [
  "/",
  "/memories",
  "/memory",
  "/conversations",
  "/conversation",
  "/documents",
  "/document",
  "/insights",
  "/map",
  "/review",
  "/tags",
  "/trash",
  "/moving",
  "/backups",
  "/service",
  "/access",
  "/connect",
  "/docs",
] as const;

/** Another path of a page, which clients of the Python service know. */
export const API_ALIAS = "/api/docs";
