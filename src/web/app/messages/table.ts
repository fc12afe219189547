/**
 * The one table of texts: a row for each, a column for each language.
 *
 * @module
 */

import { ACCESS } from "./access.ts";
import { ADMIN } from "./admin.ts";
import { COMMON } from "./common.ts";
import { MEMORIES } from "./memories.ts";
import { SERVICE } from "./service.ts";

export const MESSAGES: typeof ACCESS & typeof ADMIN & typeof COMMON & typeof MEMORIES & typeof SERVICE = {
  ...ACCESS,
  ...ADMIN,
  ...COMMON,
  ...MEMORIES,
  ...SERVICE,
};
