const QUIET_MS = 1000;

/**
 * Limits how often errors of one kind are logged: calls `log` for the first error with a `what`, then at most once a
 * second. `repeated`: how many errors with this `what` were left out since the last call. Each `what` is kept in memory
 * for ever, so it must be one of a few constants.
 */
export function logAtMostOnceASecond(
  log: (what: string, error: unknown, repeated: number) => void,
  now: () => number = () => performance.now(),
): (what: string, error: unknown) => void {
  const logged = new Map<string, { readonly at: number; repeated: number }>();
  return (what, error) => {
    const last = logged.get(what);
    if (last && now() - last.at < QUIET_MS) return void last.repeated++;
    logged.set(what, { at: now(), repeated: 0 });
    log(what, error, last?.repeated ?? 0);
  };
}
