/** A promise of an event that happens once or fails; its rejection need not be handled. */
export interface Readiness {
  readonly ready: Promise<void>;
  /** Resolves `ready`; later calls of either do nothing. */
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
