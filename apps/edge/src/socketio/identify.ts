import { handshakeSchema, refuse } from "@docrelay/protocol";
import * as z from "zod/mini";
import type { Authenticator, Identity } from "../auth/authenticator.ts";

/**
 * Returns the user of a Socket.IO handshake; its `auth` is unchecked client input. @throws Refusal `AUTH_*`,
 * `BAD_MESSAGE`
 */
export async function identifyHandshake(authenticator: Authenticator, auth: unknown): Promise<Identity> {
  const handshake = z.safeParse(handshakeSchema, auth);
  if (handshake.success) return authenticator.verify(handshake.data.token);
  const isVersion = handshake.error.issues.some(({ path }) => path[0] === "protocol");
  const { token } = (auth ?? {}) as { token?: unknown };
  // A missing token is reported before any other error: whatever else is wrong, the client has to sign in first.
  if (token === undefined) throw refuse("AUTH_REQUIRED");
  const version = { reason: "version", message: "This server speaks protocol 1. Update the client." };
  throw refuse("BAD_MESSAGE", isVersion ? version : { reason: "schema" });
}
