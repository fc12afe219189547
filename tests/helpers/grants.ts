/**
 * Grants for tests of routes that list and end them, made without a browser.
 *
 * @module
 */

import { Grants } from "../../src/oauth/grants.ts";
import type { StoreNotes } from "../../src/storage/contract/notes.ts";

/** Makes a grant in the store; its id. */
export async function makeGrant(notes: StoreNotes): Promise<string> {
  const grants = new Grants(notes, { code: 60, access: 60 }, () => Date.now() / 1000, () => performance.now());
  const code = await grants.create({
    client_id: "client",
    client_name: "Client",
    browser: null,
    redirect_uri: "http://localhost/",
    challenge: "",
    rights: "read",
    spaces: { write: "default", read: [] },
    resource: "http://localhost",
    approved_by: "key",
  });
  return code.split("_")[1]!;
}
