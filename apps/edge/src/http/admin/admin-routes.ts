import { parseQuota, parseQuotaField, type Revocation, type Revoked } from "@docrelay/channel";
import type { Logger } from "@docrelay/platform";
import { refuse } from "@docrelay/protocol";
import * as z from "zod/mini";
import { loggedField } from "../../quotas/quota-settings.ts";
import type { AdminAsks } from "./admin-asks.ts";
import type { Overview } from "./overview.ts";

export interface AdminRoutesDeps {
  readonly log: Logger;
  readonly asks: AdminAsks;
  overview(): Promise<Overview>;
  /** @throws ioredis errors */
  revoke(revoked: Revoked): Promise<Revocation>;
  /** Returns the quotas that operators have set, as Redis stores them. */
  quotas(): Promise<Readonly<Record<string, string>>>;
  /** Sets one quota; `undefined` removes it. */
  setQuota(field: string, value: number | undefined): Promise<void>;
  /** Pauses or resumes the intake: while it is paused, all edges refuse new asks and files. */
  pause(paused: boolean): Promise<void>;
  /** Begins to drain this edge. Idempotent; it cannot be undone. */
  drain(): void;
}

/** One route. `query` and `body` come from the request, unchecked; the result is sent as JSON. */
type AdminRoute = (query: URLSearchParams, body: () => Promise<unknown>) => Promise<object>;

const MAX_QUOTAS = 1000;
const name = z.string().check(z.minLength(1), z.maxLength(256));
const revokedSchema = z.union([z.strictObject({ user: name }), z.strictObject({ token: name })]);
const askSchema = z.union([z.strictObject({ key: name }), z.strictObject({ user: name, ask: name })]);
const quotaSchema = z.strictObject({ field: name, value: z.nullable(z.union([z.int(), z.string()])) });
const pauseSchema = z.strictObject({ paused: z.boolean() });
const emptySchema = z.strictObject({});

/** Returns the routes, each by its method and path. */
export function adminRoutes(deps: AdminRoutesDeps): Readonly<Record<string, AdminRoute>> {
  const { log, asks } = deps;
  return {
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
      log.info({ revocation }, "revoked"); // a digest, because logs contain no user names
      return { ok: true, at };
    },
  };
}

function parse<S extends z.ZodMiniType>(schema: S, value: unknown): z.infer<S> {
  const parsed = z.safeParse(schema, value);
  if (!parsed.success) throw refuse("BAD_MESSAGE", { reason: "schema", message: z.prettifyError(parsed.error) });
  return parsed.data;
}
