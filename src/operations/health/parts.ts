/**
 * The parts of the service, one entry each. A part is judged after those above it, so that it can leave a fault to the
 * part that causes it.
 *
 * @module
 */

import type { Part } from "./part.ts";
import { backups } from "./parts/backups.ts";
import { clock } from "./parts/clock.ts";
import { disk } from "./parts/disk.ts";
import { listeners } from "./parts/listeners.ts";
import { model } from "./parts/model.ts";
import { outbox } from "./parts/outbox.ts";
import { queue } from "./parts/queue.ts";
import { store } from "./parts/store.ts";
import { transports } from "./parts/transports.ts";
import { work } from "./parts/work.ts";

/** Every part, in the order in which they are judged and shown. */
export const PARTS: readonly Part[] = [listeners, transports, store, outbox, model, queue, disk, work, clock, backups];
