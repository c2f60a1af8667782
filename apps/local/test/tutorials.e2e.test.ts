import { makePdf } from "@docrelay/testkit";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { build, defaultClientConditions } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";
import { useCluster } from "./cluster.ts";
import { usePage } from "./page.ts";

const ROOT = join(import.meta.dirname, "../../..");
const browser = usePage();
const folder = mkdtempSync(join(tmpdir(), "tutorial-"));
/** The HTML examples of this document are served as pages. */
const embedding = readFileSync(join(ROOT, "docs/embedding.md"), "utf8");
const blocks = [...embedding.matchAll(/^```html\n([^]*?)^```$/gm)].map(([, html = ""]) => html);
const roots = { plain: join(ROOT, "examples/plain"), page: join(folder, "dist") };
/** Serves the folders of `roots` from another origin than docrelay's. */
const server = createServer(async ({ url = "/" }, response) => {
  if (url === "/chat-token") {
    const answer = await fetch(`${cluster.url()}/v1/session`, { method: "POST" });
    return void response.end(((await answer.json()) as { token: string }).token);
  }
  const [, name, path = ""] = /^\/(plain|page)\/([\w./-]*)/.exec(url) ?? [];
  const block = /^\/embedding\/(\d)/.exec(url)?.[1];
  if (block !== undefined) {
    const html = blocks[Number(block)]?.replaceAll("https://ask.example.org", cluster.url());
    return void response.setHeader("content-type", "text/html").end(`<!doctype html>${html}`);
  }
  if (name === undefined) return void response.writeHead(404).end();
  const file = path === "" ? "index.html" : path;
  response.setHeader("content-type", file.endsWith(".js") ? "text/javascript" : "text/html");
  response.end(readFileSync(join(roots[name as keyof typeof roots], file)));
}).listen(0, "127.0.0.1");
await once(server, "listening");
const ORIGIN = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const cluster = useCluster({ edges: 1, env: { CORS_ALLOWED_ORIGINS: ORIGIN } });

beforeAll(async () => {
  const tutorial = readFileSync(join(ROOT, "docs/your-page.md"), "utf8");
  mkdirSync(folder, { recursive: true });
  for (const [, name = "", code = ""] of tutorial.matchAll(/^```\w+ (\S+)\n([^]*?)^```$/gm))
    writeFileSync(join(folder, name), code);
  await build({
    root: folder,
    base: "./",
    configFile: false,
    logLevel: "warn",
    resolve: {
      alias: { "@docrelay/client": join(ROOT, "packages/client/src/index.ts") },
      conditions: ["@docrelay/source", ...defaultClientConditions],
    },
  });
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(path: string): Promise<Page> {
  const page = await (await browser.profile()).newPage();
  await page.goto(`${ORIGIN}/${path}?server=${encodeURIComponent(cluster.url())}`);
  return page;
}
async function ask(page: Page): Promise<void> {
  const buffer = Buffer.from(makePdf({ pages: ["The lighthouse was painted green in 1931."] }));
  await page.setInputFiles("[type=file]", { name: "a.pdf", mimeType: "application/pdf", buffer });
  await page.click("button");
}

it("the original front end works as it is, and shows errors as frames", async () => {
  const page = await open("plain/");
  await page.getByText("connected").waitFor();
  await ask(page);
  await page.getByText("painted green in 1931").waitFor();
  await page.setInputFiles("[type=file]", { name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("text") });
  await page.click("button");
  await page.getByText("FILE_TYPE_UNSUPPORTED").waitFor();
});

it.each([
  ["the same page with the SDK", "plain/sdk.html"],
  ["the tutorial's page", "page/"],
])("%s shows the answer, also after a reload", async (_name, path) => {
  const page = await open(path);
  await ask(page);
  await page.getByText("painted green in 1931").waitFor();
  const shown = await page.locator("body").innerText();
  await page.reload();
  await page.getByText("painted green in 1931").waitFor();
  expect(await page.locator("body").innerText()).toBe(shown);
});

it.each([0, 1])("the chat stands in a page as docs/embedding.md says (block %s)", async (block) => {
  expect(blocks).toHaveLength(2);
  const page = await open(`embedding/${block}`);
  await page.locator('docrelay-chat #connection[data-state="online"]').waitFor();
  const buffer = Buffer.from(makePdf({ pages: ["The lighthouse was painted green in 1931."] }));
  await page.setInputFiles("docrelay-chat #file", { name: "a.pdf", mimeType: "application/pdf", buffer });
  await page.locator("docrelay-chat #files .chip canvas").waitFor();
});
