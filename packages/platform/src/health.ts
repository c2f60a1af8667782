import { within } from "./lifecycle.ts";

/** Decides whether this process should get new connections and requests. */
export interface Health {
  /** Adds a check that must hold for this process to be ready. The check fails by throwing. */
  check(name: string, holds: () => Promise<unknown>): void;
  /** Begins the drain: from now on this process is not ready, whatever the checks find. */
  drain(): void;
  readonly draining: boolean;
  /**
   * Runs the checks, at most once in {@link FRESH_MS}, and each for at most {@link CHECK_MS}. The result does not tell
   * why a check failed.
   */
  ready(): Promise<Readiness>;
}
export interface Readiness {
  readonly ready: boolean;
  readonly draining: boolean;
  readonly checks: Readonly<Record<string, "ok" | "failed">>;
}

const CHECK_MS = 1000;
const FRESH_MS = 250;

export function createHealth(now: () => number = () => performance.now()): Health {
  const checks = new Map<string, () => Promise<unknown>>();
  let draining = false;
  let last: { at: number; result: Promise<Readiness["checks"]> } | undefined;

  async function runAll(): Promise<Readiness["checks"]> {
    const entries = [...checks].map(async ([name, holds]) => {
      const ok = await within(CHECK_MS, holds).then(
        () => "ok" as const,
        () => "failed" as const,
      );
      return [name, ok] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  return {
    check: (name, holds) => void checks.set(name, holds),
    drain: () => void (draining = true),
    get draining() {
      return draining;
    },
    async ready() {
      if (!last || now() - last.at > FRESH_MS) last = { at: now(), result: runAll() };
      const result = await last.result;
      return { ready: !draining && Object.values(result).every((state) => state === "ok"), draining, checks: result };
    },
  };
}
