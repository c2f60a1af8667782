import { readError } from "../wire/payloads.ts";
import { attempt, int, object } from "../wire/read.ts";
import { clientError, RelayError, unreachable } from "../wire/relay-error.ts";
import type { Address } from "./address.ts";

/** What stands at an address: docrelay, with or without polling, or the reason why no client can connect there. */
export type Found = { readonly polling: boolean } | { readonly error: RelayError };

const PROBE_MS = 10_000;
const readRefusal = object<{ error: RelayError["wire"] }>({ error: readError });
/** How the library refuses a request of polling that names no version: it is there, so polling is on. */
const readPollingRefusal = object<{ code: number }>({ code: int });

/**
 * Asks by HTTP why a connection did not come about, since a browser does not tell how an upgrade was refused. Sends one
 * `GET` of the polling address, which opens nothing there. Never rejects.
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
  const refusal = attempt(readRefusal, body)?.error;
  if (refusal?.code === "BAD_MESSAGE") return { polling: false };
  if (refusal && refusal.code !== "NOT_FOUND") return { error: new RelayError(refusal) };
  if (response.status === 400 && attempt(readPollingRefusal, body)) return { polling: true };
  return { error: notDocrelay(response) };
}

/** The error for an answer that docrelay does not give; a balancer without servers answers with 502 to 504. */
export function notDocrelay({ status }: Response): RelayError {
  return status >= 500 ? unreachable(`status ${status}`) : clientError("NOT_DOCRELAY", { cause: `status ${status}` });
}
