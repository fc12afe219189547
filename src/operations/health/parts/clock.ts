/**
 * The machine's clock, which dates memories: whether it was set back, and how it stands to what else tells the time.
 *
 * @module
 */

import type { ClockReading } from "../clock_watch.ts";
import { definePart, type Finding } from "../part.ts";

/** Seconds by which a memory may seem to come from the future: clocks of replicas differ a little. */
const FUTURE_SECONDS = 60;
/** Seconds by which the store's server may differ; its answers tell whole seconds. */
const SERVER_SECONDS = 5;

/** What else tells the time. */
export interface TimeWitnesses {
  reading: ClockReading;
  /** `created_at` of the newest memory, in Unix seconds. */
  newest: number | null;
  /** Seconds by which the store's server is ahead. */
  serverAhead: number | null;
}

/** What is said of the clock. @param now Unix milliseconds. */
export function judgeClock({ reading, newest, serverAhead }: TimeWitnesses, now: number): Finding {
  const action = "Have the machine's clock synchronised (NTP)";
  if (reading.behind > 0) {
    return {
      state: "degraded",
      message: `The clock was set back; for ${
        seconds(reading.behind / 1000)
      } more, new memories may be dated before older ones`,
      action,
    };
  }
  if (serverAhead !== null && Math.abs(serverAhead) > SERVER_SECONDS) {
    const way = serverAhead > 0 ? "behind" : "ahead of";
    return { state: "degraded", message: `The clock is ${seconds(Math.abs(serverAhead))} ${way} the store's`, action };
  }
  const future = newest === null ? 0 : newest - now / 1000;
  if (future > FUTURE_SECONDS) {
    return {
      state: "degraded",
      message: `The newest memory is dated ${seconds(future)} in the future`,
      action: `${action}; if it is right, the memory came with a wrong date, which deleting and storing it again mends`,
    };
  }
  const ahead = reading.ahead < 5000 ? "" : `; moved ahead by ${seconds(reading.ahead / 1000)} since the start`;
  return { state: "healthy", message: `Steady${ahead}` };
}

export const clock = definePart<Omit<TimeWitnesses, "reading">>({
  name: "clock",
  async observe(_, { condition, newest }) {
    const [serverAhead, last] = await Promise.all([
      condition().then(({ clock_ahead }) => clock_ahead ?? null, () => null),
      newest(),
    ]);
    return { newest: last, serverAhead };
  },
  judge: (witnesses, { runtime: { health }, now }) => judgeClock({ ...witnesses, reading: health.clock.read() }, now),
});

function seconds(count: number): string {
  if (count < 120) return `${Math.ceil(count)} s`;
  return count < 172_800 ? `${Math.round(count / 60)} min` : `${Math.round(count / 86_400)} days`;
}
