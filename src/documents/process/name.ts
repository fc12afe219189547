/**
 * The command under which an executable parses documents, apart from the protocol, whose library commands don't need.
 *
 * @module
 */

/** Users have no use for it, so that no help names it. */
export const PARSE_COMMAND = "parse-documents";
