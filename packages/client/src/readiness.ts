/** A promise of something that happens once, or fails. A rejection that nobody handles is not reported as an error. */
export interface Readiness {
  readonly ready: Promise<void>;
  /**
   * Resolves the promise `ready`. After the first call of `reached` or `failed`, further calls of both have no effect.
   */
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
