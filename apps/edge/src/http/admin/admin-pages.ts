import { parseQuota, parseQuotaField, type Revocation, type Revoked } from "@docrelay/channel";
import type { AdminPages, Logger } from "@docrelay/platform";
import { refuse } from "@docrelay/protocol";
import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as z from "zod/mini";
import { loggedField } from "../../quotas/quota-settings.ts";
import { toFailure } from "../../report/failure.ts";
import { sayError, sayJson } from "../api/say.ts";
import { contentPolicy, findInline } from "../content-policy.ts";
import type { AdminAsks } from "./admin-asks.ts";
import type { Overview } from "./overview.ts";
import { adminDocument } from "./page/document.ts";

export interface AdminPagesDeps {
  /** Undefined: there are no such pages. */
  readonly token: string | undefined;
  readonly log: Logger;
  readonly asks: AdminAsks;
  overview(): Promise<Overview>;
  /** @throws ioredis errors */
  revoke(revoked: Revoked): Promise<Revocation>;
  /** What is set of quotas, as it is stored. */
  quotas(): Promise<Readonly<Record<string, string>>>;
  /** `undefined` unsets it. */
  setQuota(field: string, value: number | undefined): Promise<void>;
  /** New asks and files are refused on all edges while it is paused. */
  pause(paused: boolean): Promise<void>;
  /** Begins to drain this edge; idempotent, and for good. */
  drain(): void;
}

const MAX_BODY_BYTES = 4096;
const MAX_QUOTAS = 1000;
const name = z.string().check(z.minLength(1), z.maxLength(256));
const revokedSchema = z.union([z.strictObject({ user: name }), z.strictObject({ token: name })]);
const askSchema = z.union([z.strictObject({ key: name }), z.strictObject({ user: name, ask: name })]);
const quotaSchema = z.strictObject({ field: name, value: z.nullable(z.union([z.int(), z.string()])) });
const pauseSchema = z.strictObject({ paused: z.boolean() });
const emptySchema = z.strictObject({});

/** What operators see and do on the admin port, behind `ADMIN_TOKEN`. */
export function createAdminPages(deps: AdminPagesDeps): AdminPages {
  const { token, log, asks } = deps;
  const page = adminDocument();
  const policy = contentPolicy(findInline(page), []);

  /** Each route by its method and path. `query` and `body` are what came. */
  const routes: Readonly<Record<string, (query: URLSearchParams, body: () => Promise<unknown>) => Promise<object>>> = {
    "GET /v1/admin": deps.overview,
    async "GET /v1/admin/asks"(query) {
      const [user, find] = [query.get("user"), query.get("find")];
      if (user) return asks.ofUser(user);
      if (find) return asks.find(find);
      throw refuse("BAD_MESSAGE", { reason: "schema", message: "Name ?user= or ?find=<id or trace>." });
    },
    "GET /v1/admin/ask": async (query) => asks.life(parse(askSchema, Object.fromEntries(query))),
    async "POST /v1/admin/ask/end"(_query, body) {
      const where = parse(askSchema, await body());
      const { how } = await asks.end(where);
      log.info({ how }, "an operator ended an ask");
      return { ok: true, how };
    },
    async "POST /v1/admin/drain"(_query, body) {
      parse(emptySchema, await body());
      log.info("an operator drains this edge");
      deps.drain();
      return { ok: true };
    },
    async "POST /v1/admin/intake"(_query, body) {
      const { paused } = parse(pauseSchema, await body());
      await deps.pause(paused);
      log.info({ paused }, "an operator has set the intake");
      return { ok: true, paused };
    },
    async "GET /v1/admin/quotas"() {
      const all = Object.entries(await deps.quotas());
      return { quotas: Object.fromEntries(all.toSorted().slice(0, MAX_QUOTAS)), sum: all.length };
    },
    async "POST /v1/admin/quotas"(_query, body) {
      const { field, value } = parse(quotaSchema, await body());
      const most = value === null ? undefined : parseQuota(String(value));
      if (!parseQuotaField(field) || (value !== null && most === undefined)) {
        throw refuse("BAD_MESSAGE", {
          reason: "schema",
          message: "There is no such quota, or the value is no number.",
        });
      }
      await deps.setQuota(field, most);
      log.info({ quota: loggedField(field) }, "an operator has set a quota");
      return { ok: true };
    },
    async "POST /v1/revocations"(_query, body) {
      const { name: revocation, at } = await deps.revoke(parse(revokedSchema, await body()));
      log.info({ revocation }, "revoked"); // a digest: user names are no matter of logs
      return { ok: true, at };
    },
  };

  async function run(path: string, request: IncomingMessage): Promise<object> {
    if (!isBearer(request.headers.authorization, token)) {
      throw refuse(request.headers.authorization === undefined ? "AUTH_REQUIRED" : "AUTH_INVALID");
    }
    const route = `${request.method} ${path}`;
    const known = Object.hasOwn(routes, route) ? routes[route] : undefined;
    if (!known) throw refuse("NOT_FOUND");
    return known(new URLSearchParams((request.url ?? "").split("?")[1]), () => readJson(request));
  }

  /**
   * The page itself has nothing of anybody: its script asks for the token and then for what it shows. Without a token it
   * comes with the status 401, so that no request without one succeeds.
   */
  function sayPage(request: IncomingMessage, response: ServerResponse): void {
    const status = isBearer(request.headers.authorization, token) ? 200 : 401;
    response.writeHead(status, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
    });
    response.end(request.method === "HEAD" ? undefined : page);
  }

  return async (path, request, response) => {
    if (token === undefined) return false;
    try {
      if (path === "/admin" && (request.method === "GET" || request.method === "HEAD")) sayPage(request, response);
      else sayJson(response, 200, await run(path, request));
    } catch (error) {
      const { wire, severity } = toFailure(error);
      if (severity === "bug") log.error({ err: error, event: "admin" }, "bug");
      if (!request.complete) response.setHeader("connection", "close");
      sayError(response, wire);
    }
    return true;
  };
}

function parse<S extends z.ZodMiniType>(schema: S, value: unknown): z.infer<S> {
  const parsed = z.safeParse(schema, value);
  if (!parsed.success) throw refuse("BAD_MESSAGE", { reason: "schema", message: z.prettifyError(parsed.error) });
  return parsed.data;
}
function isBearer(authorization = "", token = ""): boolean {
  const given = /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
  // Digests have one length, so the time of the comparison does not depend on the token.
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
