import { handshakeSchema, refuse } from "@docrelay/protocol";
import * as z from "zod/mini";
import type { RateLimiter } from "../limits/rate-limit.ts";
import type { Authenticator, Identity } from "../auth/authenticator.ts";
import type { Connections } from "../limits/connections.ts";

export interface AdmitDeps {
  readonly authenticator: Authenticator;
  readonly connections: Connections;
  /** New connections by user. */
  readonly rate: RateLimiter;
  readonly isDraining: () => boolean;
}

const RETRY_MS = 5000;

/** Decides who may connect, and as whom. `release` gives the place back and may be called twice. @throws Refusal */
export async function admit(
  deps: AdmitDeps,
  auth: unknown,
  open: { now: number; most: number },
): Promise<{ identity: Identity; release: () => void }> {
  if (deps.isDraining()) throw refuse("SHUTTING_DOWN", { retryAfterMs: 0 });
  const handshake = z.safeParse(handshakeSchema, auth);
  if (!handshake.success) {
    const isVersion = handshake.error.issues.some(({ path }) => path[0] === "protocol");
    const { token } = (auth ?? {}) as { token?: unknown };
    // Without a token nothing else matters: the sentence that helps is "sign in".
    if (token === undefined) throw refuse("AUTH_REQUIRED");
    const version = { reason: "version", message: "This server speaks protocol 1. Update the client." };
    throw refuse("BAD_MESSAGE", isVersion ? version : { reason: "schema" });
  }
  const identity = await deps.authenticator.verify(handshake.data.token);
  const wait = deps.rate.take(identity.user, Date.now());
  if (wait > 0) throw refuse("RATE_LIMITED", { retryAfterMs: wait });
  if (open.now >= open.most) throw refuse("TOO_MANY_CONNECTIONS", { retryAfterMs: RETRY_MS });
  return { identity, release: await deps.connections.take(identity.user) };
}
