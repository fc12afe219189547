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
  "/service",
  "/access",
  "/connect",
] as const;
