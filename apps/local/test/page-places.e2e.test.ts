import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { makePdf } from "@docrelay/testkit";
import { WebSocket } from "ws";
import { afterAll, describe, expect, it } from "vitest";
import { useCluster } from "./cluster.ts";
import { startFront } from "./front.ts";
import { violations } from "./axe.ts";
import { PLAIN_HOST, usePage } from "./page.ts";

const browser = usePage();
const elsewhere = createServer().listen(0, "127.0.0.1");
await once(elsewhere, "listening");
const ELSEWHERE = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
afterAll(() => elsewhere.close());
/**
 * The server of `ELSEWHERE` under another host name. For the browser, this is another site, not only another origin.
 */
const OTHER_SITE = ELSEWHERE.replace("127.0.0.1", PLAIN_HOST);
const cluster = useCluster({
  edges: 1,
  env: { CORS_ALLOWED_ORIGINS: `${ELSEWHERE},${OTHER_SITE}`, FRAME_ANCESTORS: OTHER_SITE },
});
const DIST = join(import.meta.dirname, "../../web/dist");
const PREFIX = "/tools/docrelay";

const edgePort = (): number => cluster.edges[0]?.port ?? 0;
const stripped = (path: string): { port: number; path: string } | undefined =>
  path.startsWith(`${PREFIX}/`) ? { port: edgePort(), path: path.slice(PREFIX.length) } : undefined;

describe("behind a proxy that strips a prefix", () => {
  it("the page asks about a PDF and shows the answer again after a reload", async () => {
    await using front = await startFront(stripped);
    const url = `http://127.0.0.1:${front.port}${PREFIX}/`;
    const page = await browser.open(url, undefined, /status of 404/);
    const buffer = Buffer.from(makePdf({ pages: ["The lighthouse is green."] }));
    await page.setInputFiles("#file", { name: "a.pdf", mimeType: "application/pdf", buffer });
    await page.fill("#question", "What colour is it?");
    await page.press("#question", "Enter");
    await page.locator('.answer[data-state="completed"]').waitFor();
    expect(await page.locator(".answer .text").textContent()).toContain("green");
    await page.reload();
    await page.locator('.answer[data-state="completed"]').waitFor();
    // All icons and the manifest of the page exist. The page for an unknown address has a link back.
    const statuses = `Promise.all([...document.querySelectorAll("head link")].map(async ({ href }) => (await fetch(href)).status))`;
    expect(await page.evaluate(statuses)).toEqual([200, 200, 200]);
    expect((await page.goto(`${url}no/where`))?.status()).toBe(404);
    await page.getByRole("link", { name: "Ask your PDFs" }).click();
    await page.locator('#connection[data-state="online"]').waitFor();
    expect(page.url()).toContain(`${url}#c=`);
    expect(front.paths.filter((path) => !path.startsWith(`${PREFIX}/`))).toEqual([]);
    expect(front.paths.some((path) => path.startsWith(`${PREFIX}/socket.io/`))).toBe(true);
  });

  it("an old front end gets its reply", async () => {
    await using front = await startFront(stripped);
    const ws = new WebSocket(`ws://127.0.0.1:${front.port}${PREFIX}/ws/chat/`);
    await once(ws, "open");
    ws.send(JSON.stringify({ message: "hello", type: "chat", unique_id: "u" }));
    const [reply] = (await once(ws, "message")) as [Buffer];
    expect(JSON.parse(reply.toString())).toMatchObject({ type: "chat", unique_id: "u" });
    ws.close();
  });
});

describe("in a frame", () => {
  it("of a site that is named, also where nothing is kept for it, the page answers; elsewhere it is refused", async () => {
    serve(
      `<!doctype html><html lang="en"><title>A shop</title><iframe title="chat" src="${cluster.url()}/"></iframe></html>`,
    );
    const page = await (await browser.profile()).newPage();
    await page.goto(OTHER_SITE);
    const frame = page.frameLocator("iframe");
    await frame.locator('#connection[data-state="online"]').waitFor();
    await frame.locator("#question").fill("Are you there?");
    await frame.locator("#question").press("Enter");
    await frame.locator('.answer[data-state="completed"]').waitFor();
    const refusal = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
    await page.goto(ELSEWHERE);
    await refusal;
    expect(await page.frameLocator("iframe").locator("#question").count()).toBe(0);
  });
});

describe("a page of another origin without a build", () => {
  it("asks by the module that the edge serves, and the server is the module's own", async () => {
    const script = `import { connect } from "http://127.0.0.1:${edgePort()}/docrelay.js?v=0.1.0";
      const relay = connect();
      document.body.textContent = await relay.conversation().ask("Are you there?").text();`;
    const html = `<!doctype html><title>other</title><body></body><script type="module">${script}</script>`;
    serve(html);
    const page = await (await browser.profile()).newPage();
    await page.goto(ELSEWHERE);
    await page.getByText("demo engine").waitFor();
  });

  it("has the chat by a tag, with PDFs beside the answer, formulas, and colours of its own", async () => {
    serve(`<!doctype html><html lang="en"><title>A shop</title>
      <style>docrelay-chat { width: 340px; height: 560px; --docrelay-accent: rgb(120 0 90) } docrelay-chat::part(send) { border-radius: 4px }</style>
      <main><h1>A shop</h1><button>Buy</button></main>
      <script type="module" src="http://127.0.0.1:${edgePort()}/docrelay.js"></script>
      <docrelay-chat>The chat is loading.</docrelay-chat></html>`);
    const page = await browser.open(OTHER_SITE);
    const buffer = Buffer.from(makePdf({ pages: ["The lighthouse is green and $x^2$ metres high."] }));
    await page.setInputFiles("#file", { name: "a.pdf", mimeType: "application/pdf", buffer });
    await page.fill("#question", "What colour is it?");
    await page.press("#question", "Enter");
    await page.locator(".answer .katex").first().waitFor();
    await page.locator('.answer[data-state="completed"]').waitFor();
    expect(await violations(page, "element")).toEqual([]);
    await page.locator(".answer .cite .open").first().click();
    await page.locator("#viewer mark").first().waitFor();
    expect(await violations(page, "element-viewer")).toEqual([]);
    const look = await page.evaluate(`(() => {
      const chat = document.querySelector("docrelay-chat");
      const [viewer, send] = ["#viewer", "#send"].map((id) => chat.shadowRoot.querySelector(id));
      const inside = viewer.getBoundingClientRect().right <= chat.getBoundingClientRect().right;
      const { backgroundColor, borderRadius } = getComputedStyle(send);
      return [inside, backgroundColor, borderRadius, document.title, location.hash, document.fonts.check("16px KaTeX_Math")];
    })()`);
    expect(look).toEqual([true, "rgb(120, 0, 90)", "4px", "A shop", "", true]);
    await page.reload();
    await page.locator('.answer[data-state="completed"]').waitFor();
    expect(await page.locator(":focus").count()).toBe(0);
    await page.locator("#kept-open").click();
    await page.locator("#kept select").first().selectOption("de");
    await page.locator("#kept .choice button").click();
    await page.getByText("Verbunden").waitFor();
    expect(await page.locator("#question:focus").count()).toBe(1);
  });
});

function serve(html: string): void {
  elsewhere.removeAllListeners("request");
  elsewhere.on("request", (_request, response) => response.writeHead(200, { "content-type": "text/html" }).end(html));
}

/**
 * Starts a server with the page of another release. The script of this page is in a file of its own (`beside`), as in
 * release 0.1, or in the page (`inside`).
 */
async function startOther(how: "beside" | "inside"): Promise<Server> {
  const page = await readFile(join(DIST, "index.html"), "utf8");
  const [all = "", code = ""] = /<script type="module">(.*?)<\/script>/s.exec(page) ?? [];
  const marked = `${code};document.documentElement.dataset.build = "other";`;
  const beside = `<script type="module" crossorigin src="/assets/index-0ther.js"></script>`;
  const inside = `<script type="module">${marked}</script>`;
  const files: Record<string, [type: string, text: string]> = {
    "/": ["text/html", page.replace(all, () => (how === "beside" ? beside : inside))],
    ...(how === "beside" ? { "/assets/index-0ther.js": ["text/javascript", marked] } : {}),
  };
  const server = createServer(({ url = "" }, response) => {
    const file = files[url];
    if (!file) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": `${file[0]}; charset=utf-8`, "cache-control": "no-cache" }).end(file[1]);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

describe("while edges are replaced one by one", () => {
  it.each(["beside", "inside"] as const)("each page gets its script, also that of a build with it %s", async (how) => {
    await using other = await startOther(how);
    const { port } = other.address() as AddressInfo;
    // The proxy sends every second request for the page and its files to the server of the other release.
    let turn = 0;
    await using front = await startFront((path) => {
      const isPage = path === "/" || path.startsWith("/assets/");
      return { path, port: isPage && turn++ % 2 === 0 ? port : edgePort() };
    });
    const builds = new Set<string>();
    for (let visit = 0; visit < 4; visit++) {
      const page = await browser.open(`http://127.0.0.1:${front.port}/`);
      builds.add(String(await page.evaluate("document.documentElement.dataset.build")));
      await page.close();
    }
    expect(builds.has("undefined")).toBe(true);
    if (how === "inside") expect(builds.has("other")).toBe(true);
  });

  it("a part of the page that no edge has is said and done without; one that every other edge has is found", async () => {
    await using other = await startOther("inside");
    const { port } = other.address() as AddressInfo;
    let [turn, every] = [0, 1];
    await using front = await startFront((path) => ({
      path,
      port: path.startsWith("/assets/") && turn++ % every === 0 ? port : edgePort(),
    }));
    // The browser logs each file that is not found as an error. With `browser.open` these errors would fail the test.
    const page = await (await browser.profile()).newPage();
    await page.goto(`http://127.0.0.1:${front.port}/`);
    const buffer = Buffer.from(makePdf({ pages: ["The formula is $x^2$ here."] }));
    await page.setInputFiles("#file", { name: "a.pdf", mimeType: "application/pdf", buffer });
    await page.fill("#question", "What is the formula?");
    await page.press("#question", "Enter");
    await page.getByText("A part of this page could not be loaded").waitFor();
    await page.locator(".answer .text", { hasText: "$x^2$" }).waitFor();
    every = 2;
    await page.reload();
    await page.locator(".answer .text .katex").first().waitFor();
    expect(await page.getByText("A part of this page could not be loaded").isVisible()).toBe(false);
  });
});
