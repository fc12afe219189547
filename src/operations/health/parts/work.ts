/**
 * Work in the background: embedding, re-embedding, emptying the trash and whatever else reports to the log of work.
 *
 * @module
 */

import { BACKUP_JOB } from "../../backup/schedule.ts";
import { definePart, works } from "../part.ts";

/** Milliseconds without progress after which a run counts as stuck. */
const STUCK_MS = 600_000;
/** Parts whose faults stop the work too; it is not blamed for them. */
const CAUSES = ["store", "model", "disk", "queue"];

export const work = definePart({
  name: "work",
  judge(_, { runtime: { health, background }, now, others }) {
    // Backups have a part of their own.
    const states = health.work.states.filter(({ name }) => name !== BACKUP_JOB);
    const causes = CAUSES.map((name) => others.get(name)).filter((part) => part !== undefined);
    const waitsFor = causes.find((cause) => !works(cause));
    if (waitsFor !== undefined) {
      return { state: "healthy", message: `Waits for the ${waitsFor.name}` };
    }
    const healthySince = Math.max(0, ...causes.map(({ since }) => since));
    // A failure from before the cause was mended counts when it comes again.
    const failing = states.find(({ failing }) => failing !== null && failing.last > healthySince && failing.times > 1);
    if (failing?.failing) {
      const { error, since } = failing.failing;
      return {
        state: "degraded",
        message: `Cannot ${failing.name}: ${error}`,
        action: "Read the log; the work is tried again by itself",
        since,
      };
    }
    const stuck = states.find(({ running }) => running !== null && now - running.movedAt > STUCK_MS);
    if (stuck?.running) {
      const { done, total, movedAt } = stuck.running;
      return {
        state: "degraded",
        message: `The work to ${stuck.name} is stuck at ${done} of ${total}`,
        action: "Start the service again; the work goes on from where it is",
        since: movedAt,
      };
    }
    if (!background.here && background.holder !== null) {
      return { state: "healthy", message: `Done by ${background.holder}` };
    }
    const running = states.filter(({ running }) => running !== null)
      .map(({ name, running }) => `${name}: ${running!.done} of ${running!.total}`);
    return { state: "healthy", message: running.length === 0 ? "Nothing to do" : running.join(", ") };
  },
});
