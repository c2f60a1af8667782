import type { Revocation, Revoked } from "@docrelay/channel";
import type { AdminPages, Logger } from "@docrelay/platform";
import { refuse } from "@docrelay/protocol";
import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import * as z from "zod/mini";
import { toFailure } from "../../report/failure.ts";
import { sayError, sayJson } from "../api/say.ts";

export interface AdminPagesDeps {
  /** Undefined: there are no such pages. */
  readonly token: string | undefined;
  readonly log: Logger;
  /** @throws ioredis errors */
  revoke(revoked: Revoked): Promise<Revocation>;
}

const MAX_BODY_BYTES = 4096;
const name = z.string().check(z.minLength(1), z.maxLength(256));
const revokedSchema = z.union([z.strictObject({ user: name }), z.strictObject({ token: name })]);

/** What operators do on the admin port, behind `ADMIN_TOKEN`. */
export function createAdminPages({ token, log, revoke }: AdminPagesDeps): AdminPages {
  async function run(path: string, request: IncomingMessage): Promise<object> {
    if (!isBearer(request.headers.authorization, token)) {
      throw refuse(request.headers.authorization === undefined ? "AUTH_REQUIRED" : "AUTH_INVALID");
    }
    if (path !== "/v1/revocations" || request.method !== "POST") throw refuse("NOT_FOUND");
    const revoked = z.safeParse(revokedSchema, await readJson(request));
    if (!revoked.success) {
      throw refuse("BAD_MESSAGE", { reason: "schema", message: 'Send {"user": …} or {"token": <its jti>}.' });
    }
    const { name: revocation, at } = await revoke(revoked.data);
    log.info({ revocation }, "revoked"); // a digest: user names are no matter of logs
    return { ok: true, at };
  }

  return async (path, request, response) => {
    if (token === undefined) return false;
    try {
      sayJson(response, 200, await run(path, request));
    } catch (error) {
      const { wire, severity } = toFailure(error);
      if (severity === "bug") log.error({ err: error, event: "admin" }, "bug");
      if (!request.complete) response.setHeader("connection", "close");
      sayError(response, wire);
    }
    return true;
  };
}

function isBearer(authorization = "", token = ""): boolean {
  const given = /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
  // Digests have one length, and comparing them tells nothing of the token.
  return timingSafeEqual(hash("sha256", given, "buffer"), hash("sha256", token, "buffer"));
}

/** @throws Refusal `PAYLOAD_TOO_LARGE`, `BAD_MESSAGE` */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw refuse("PAYLOAD_TOO_LARGE", { reason: "frame" });
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch {
    throw refuse("BAD_MESSAGE", { reason: "json" });
  }
}
