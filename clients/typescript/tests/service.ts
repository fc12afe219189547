/**
 * The service that the tests of this folder use: the address in UNIMEM_URL, a space for each test.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { Unimem } from "../src/mod.ts";

/** A client in a space that nothing is in yet. */
export function freshClient(): Unimem {
  const url = process.env.UNIMEM_URL;
  if (url === undefined) throw new Error("Cannot test without a service: set UNIMEM_URL to its address");
  return new Unimem({ url }).inSpace(`test-${randomUUID()}`);
}
