/** Loaded before the service: ends it in the way that `UNIMEM_TEST_END` says, once SIGUSR2 asks. */

const ends: Record<string, () => void> = {
  exit: () => Deno.exit(7),
  error: () => {
    throw new Error("Thrown by the test");
  },
  rejection: () => void Promise.reject(new Error("Rejected by the test")),
};

Deno.addSignalListener("SIGUSR2", () => void setTimeout(ends[Deno.env.get("UNIMEM_TEST_END") ?? ""]!, 0));
