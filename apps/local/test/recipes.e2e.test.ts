import { eventually } from "@docrelay/testkit";
import { once } from "node:events";
import { request } from "node:http";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { useCluster } from "./cluster.ts";
import { isInstalled, PROXIES, startProxy, type RunningProxy } from "./proxies.ts";

// All tests request their sessions from one address, perhaps within one minute, so the limits for an address are off.
const env = { TRUSTED_PROXIES: "127.0.0.1", SESSIONS_PER_MINUTE: "0", USERS_PER_ADDRESS: "0" };
const cluster = useCluster({ edges: 2, workers: 1, env });
const missing = PROXIES.filter((recipe) => !isInstalled(recipe)).map(({ name }) => name);
process.stdout.write(`recipes that are not tried here: ${["Traefik", ...missing].join(", ")}\n`);

const REQUESTS = 20;

/** Opens the WebSocket of an existing front end whose page comes from the proxy's own origin. */
async function open({ port }: RunningProxy, path = "/ws/chat/"): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { origin: `http://127.0.0.1:${port}` } });
  socket.on("error", () => undefined);
  await once(socket, "open");
  return socket;
}
async function answered(socket: WebSocket): Promise<unknown> {
  socket.send(JSON.stringify({ message: "Is anybody there?", type: "chat", unique_id: "me" }));
  const [frame] = (await once(socket, "message")) as [Buffer];
  return JSON.parse(frame.toString());
}
const REPLY = { type: "chat", unique_id: "me", message: expect.any(String) };

/** Sends a request over a new connection. Returns the status and the headers of the response. */
function status(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<[number, Record<string, unknown>]> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      response.resume().once("end", () => resolve([response.statusCode ?? 0, response.headers]));
    });
    sent.once("error", reject).end();
  });
}

it.for(PROXIES)(
  "$name: upgrade, own origin on an odd port, prefix, the client's address, a reload, a killed edge",
  { timeout: 120_000 },
  async (recipe, { skip }) => {
    if (!isInstalled(recipe)) return skip("not here");
    const [first, second] = cluster.edges.map(({ port }) => port) as [number, number];
    await using proxy = await startProxy(recipe, [first, second]);
    const { port } = proxy;
    const up = async (): Promise<boolean> => (await status(port, "/readyz").catch(() => [0]))[0] === 200;
    await eventually(up, { what: recipe.name }).catch(() => expect.fail(proxy.said()));

    const socket = await open(proxy);
    expect(await answered(socket)).toMatchObject(REPLY);
    expect((await status(port, "/v1/session", { origin: "http://evil.test" }, "POST"))[0]).toBe(403);
    // This request does not ask for a WebSocket, so the edge responds with 426 (Upgrade Required).
    expect((await status(port, "/ws/chat/"))[0]).toBe(426);
    expect((await status(port, "/docrelay/"))[0]).toBe(200);
    const [redirected, { location }] = await status(port, "/docrelay");
    expect([redirected, new URL(String(location), `http://127.0.0.1:${port}`).pathname]).toEqual([308, "/docrelay/"]);
    const under = await open(proxy, "/docrelay/ws/chat/");
    expect(await answered(under)).toMatchObject(REPLY);
    under.close();
    // The client sends a forged address, which the proxy replaces by the client's real address.
    const [, session] = await status(port, "/v1/session", { "x-forwarded-for": "203.0.113.9" }, "POST");
    expect(session["x-docrelay-client"]).toBe("127.0.0.1");

    let closed = false;
    socket.once("close", () => (closed = true));
    proxy.reload();
    if (!recipe.keepsSockets) await eventually(() => closed, { what: "the end of the old socket" });
    await eventually(up, { what: "up after the reload" });
    const after = await open(proxy);
    expect(await answered(after)).toMatchObject(REPLY);
    if (recipe.keepsSockets) expect(await answered(socket)).toMatchObject(REPLY);

    const dying = cluster.edges[1];
    dying?.process.kill("SIGKILL");
    await dying?.process.exited;
    const codes: number[] = [];
    for (let n = 0; n < REQUESTS; n++) codes.push((await status(port, "/v1/session", {}, "POST"))[0]);
    expect(codes).toEqual(codes.map(() => 200));
    const again = await open(proxy);
    expect(await answered(again)).toMatchObject(REPLY);
    for (const one of [socket, after, again]) one.terminate();
    await cluster.startEdge(1);
  },
);
