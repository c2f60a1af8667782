import { wireErrorSchema } from "@docrelay/protocol";
import { eventually, freePort } from "@docrelay/testkit";
import { SignJWT } from "jose";
import { beforeAll, expect, it } from "vitest";
import { useEdges, type Client } from "../../test/fixture.ts";
import { createSharedSettings } from "../uploads/shared-settings.ts";
import { createTenants } from "./tenants.ts";

const SECRET = "a secret of the login of thirty-two bytes at least";
const relay = useEdges({
  count: 0,
  env: {
    AUTH_MODE: "jwt",
    JWT_SECRET: SECRET,
    JWT_TENANT_CLAIM: "https://login.test/org",
    USERS_PER_TENANT: "2",
    MAX_CONNECTIONS_PER_USER: "3",
    MAX_ASKS_IN_FLIGHT: "2",
  },
});
let adminPort: number;
beforeAll(async () => {
  adminPort = await freePort();
  await relay.start({ ADMIN_PORT: String(adminPort) });
});

const sign = (sub: string, tenant: string | undefined): Promise<string> =>
  new SignJWT({ sub, exp: Math.floor(Date.now() / 1000) + 600, "https://login.test/org": tenant })
    .setProtectedHeader({ alg: "HS256" })
    .sign(Buffer.from(SECRET));
const connect = async (user: string, tenant?: string): Promise<Client> =>
  relay.client(relay.edges[0], undefined, { token: await sign(user, tenant) });

it("users share the connections of their tenant, and others have their own", async () => {
  for (let n = 0; n < 6; n++) await connect(`user-${n}`, "acme");
  await expect(connect("user-6", "acme")).rejects.toMatchObject({ code: "TOO_MANY_CONNECTIONS" });
  await connect("user-7", "globex");
  await connect("user-8");
});

it("users share the unfinished asks of their tenant, and others have their own", async () => {
  const refused = async (user: string, tenant?: string): Promise<string | undefined> => {
    const client = await connect(user, tenant);
    const { error } = await client.ask(user);
    client.socket.disconnect();
    return error && wireErrorSchema.parse(error).code;
  };
  for (let n = 0; n < 4; n++) expect(await refused(`asks-${n}`, "initech")).toBeUndefined();
  let n = 4;
  await eventually(async () => (await refused(`asks-${n++}`, "initech")) === "BUSY");
  expect(await refused("other", "globex")).toBeUndefined();
  expect(await refused("none")).toBeUndefined();
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  expect(metrics).toMatch(/docrelay_edge_tenant_asks_total\{tenant="initech"\} [4-9]/);
  expect(metrics).toMatch(/docrelay_edge_tenant_bytes_total\{tenant="globex"\} [1-9]/);
});

it("a socket does not change its tenant by a new token", async () => {
  const client = await connect("mover", "umbrella");
  const told = await client.send("auth:refresh", { token: await sign("mover", "globex") });
  expect(told.error?.code).toBe("FORBIDDEN");
  expect(await client.send("auth:refresh", { token: await sign("mover", "umbrella") })).toMatchObject({ ok: true });
});

it("texts are shared within a tenant, where that is the scope", () => {
  const tenants = createTenants();
  for (const [user, tenant] of [
    ["a", "acme"],
    ["b", "acme"],
    ["c", "globex"],
  ] as const)
    tenants.join(user, tenant);
  const scopes = (textScope: "user" | "tenant" | "all"): Array<string | undefined> => {
    const settings = createSharedSettings(relay.store, { textScope, tenantOf: tenants.of });
    return ["a", "b", "c", "d", "acme"].map((user) => settings.scopeOf(user));
  };
  const [a, b, c, d, namesake] = scopes("tenant");
  expect(a).toBe(b);
  expect(new Set([a, c, d, namesake]).size).toBe(4);
  expect(new Set(scopes("user")).size).toBe(5);
  expect(new Set(scopes("all"))).toEqual(new Set([undefined]));
});

it("metrics name the first tenants, and all further ones together", () => {
  const tenants = createTenants(2);
  const told: Array<[string, number]> = [];
  tenants.report((label, bytes) => told.push([label, bytes]));
  for (const tenant of ["one", "two", "three", "four"]) tenants.join(tenant, tenant);
  for (const user of ["one", "two", "three", "four", "one", "nobody"]) tenants.asked(user, 5);
  expect(told.map(([label]) => label)).toEqual(["one", "two", "other", "other", "one"]);
});
