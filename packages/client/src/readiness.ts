/** A promise of something that happens once, or fails. If it rejects and is not handled, no error is reported. */
export interface Readiness {
  readonly ready: Promise<void>;
  /** Resolves `ready`. After the first call of `reached` or `failed`, neither has an effect. */
  reached(): void;
  failed(error: unknown): void;
}

export function createReadiness(): Readiness {
  let reached = (): void => undefined;
  let failed = (_: unknown): void => undefined;
  const ready = new Promise<void>((resolve, reject) => {
    reached = resolve;
    failed = reject;
  });
  ready.catch(() => undefined);
  return { ready, reached, failed };
}
