import { unreachable } from "../wire/relay-error.ts";

/** Waits `ms` milliseconds. @throws the signal's reason when the signal is aborted before these have passed. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    if (signal?.aborted) return abort();
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/**
 * Waits for a promise for at most `ms` milliseconds. @throws RelayError when these have passed; the signal's reason
 * when the signal is aborted.
 */
export async function within<T>(promise: Promise<T>, ms: number, signal?: AbortSignal): Promise<T> {
  const over = new AbortController();
  const late = pause(ms, AbortSignal.any([over.signal, ...(signal ? [signal] : [])])).then(() => {
    throw unreachable();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}
