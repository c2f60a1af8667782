import type { WireError } from "@docrelay/protocol";
import { readError } from "../wire/payloads.ts";
import { tryRead, object, type Reader } from "../wire/read.ts";
import { clientError, RelayError, unreachable } from "../wire/relay-error.ts";
import type { TokenSource } from "./session.ts";

/**
 * Fetches something of the user over HTTP, and parses the response with `read`. @throws RelayError; the reason of
 * `signal`
 */
export type Get = <T>(path: string, read: (response: Response) => Promise<T>, options?: GetOptions) => Promise<T>;
interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const DEADLINE_MS = 60_000;
const readRefusal = object<{ error: WireError }>({ error: readError });

export function createGet(base: string, tokens: TokenSource, request: typeof fetch): Get {
  return async (path, read, { headers = {}, signal } = {}) => {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const ends = signal ? AbortSignal.any([signal, deadline]) : deadline;
    const failed = (cause: unknown): never => {
      throw signal?.aborted ? signal.reason : unreachable(cause);
    };
    const ask = async (token: string): Promise<Response> =>
      request(`${base}${path}`, { headers: { ...headers, authorization: `Bearer ${token}` }, signal: ends }).catch(
        failed,
      );
    const token = await tokens.token();
    let response = await ask(token);
    if (response.status === 401) {
      // The token has expired or was revoked without this client's knowledge. The request is tried once more with
      // another token, if there is one.
      tokens.renew();
      const next = await tokens.token();
      if (next !== token) {
        void response.body?.cancel().catch(() => undefined);
        response = await ask(next);
      }
    }
    if (!response.ok) {
      const refusal = tryRead(readRefusal, await response.json().catch(() => undefined))?.error;
      throw refusal ? new RelayError(refusal) : clientError("NOT_DOCRELAY");
    }
    return read(response).catch(failed);
  };
}

/** Parses a server's response as JSON. @throws RelayError `NOT_DOCRELAY` when the response is not valid */
export function readJson<T>(read: Reader<T>, json: string): T {
  const found = tryRead(read, parsed(json));
  if (found === undefined) throw clientError("NOT_DOCRELAY");
  return found;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
