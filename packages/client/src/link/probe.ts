import { readError } from "../wire/payloads.ts";
import { tryRead, int, object } from "../wire/read.ts";
import { clientError, RelayError, unreachable } from "../wire/relay-error.ts";
import type { Address } from "./address.ts";

/** What a probe has found: docrelay, with or without polling; or the reason why no client can connect. */
export type Found = { readonly polling: boolean } | { readonly error: RelayError };

const PROBE_MS = 10_000;
const readRefusal = object<{ error: RelayError["wire"] }>({ error: readError });
/**
 * Socket.IO's refusal of a polling request that names no version. Such a refusal shows that the server offers polling.
 */
const readPollingRefusal = object<{ code: number }>({ code: int });

/**
 * Finds out over HTTP why a connection could not be opened, because a browser does not report why an upgrade was
 * refused. Sends one `GET` to the address of polling, which opens no session. Never rejects.
 */
export async function probe({ base }: Pick<Address, "base">, request: typeof fetch): Promise<Found> {
  try {
    const response = await request(`${base}/socket.io/`, { signal: AbortSignal.timeout(PROBE_MS) });
    return read(response, await response.json().catch(() => undefined));
  } catch (cause) {
    return { error: unreachable(cause) };
  }
}

function read(response: Response, body: unknown): Found {
  const refusal = tryRead(readRefusal, body)?.error;
  if (refusal?.code === "BAD_MESSAGE") return { polling: false };
  if (refusal && refusal.code !== "NOT_FOUND") return { error: new RelayError(refusal) };
  if (response.status === 400 && tryRead(readPollingRefusal, body)) return { polling: true };
  return { error: notDocrelay(response) };
}

/**
 * Returns the error for a response that does not come from docrelay. A status of 500 or more may come from a balancer
 * that has no server, so it means that the server is away.
 */
export function notDocrelay({ status }: Response): RelayError {
  return status >= 500 ? unreachable(`status ${status}`) : clientError("NOT_DOCRELAY", { cause: `status ${status}` });
}
