import { findChromium } from "@docrelay/testkit";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { build, defaultClientConditions, type Rolldown } from "vite";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

/**
 * A front end of the folder `front-ends/`, which is built and opened in a real Chromium. A test fails if its page logs
 * or throws an error.
 */
export interface FrontEnd {
  /** The front end's origin. docrelay must allow this origin (`CORS_ALLOWED_ORIGINS`). */
  readonly origin: string;
  /**
   * Opens the page. `relay`: docrelay's URL. `place`: the fragment of the page's address. `search`: is added to the
   * query of the page's address, and begins with `&`.
   */
  open(relay: string, place: string, more?: { search?: string; profile?: BrowserContext }): Promise<Page>;
  profile(): Promise<BrowserContext>;
}

const PATIENCE_MS = 100_000;

export function useFrontEnd(name: string): FrontEnd {
  let server: Server | undefined;
  let browser: Browser | undefined;
  const profiles: BrowserContext[] = [];
  const problems: string[] = [];

  beforeAll(async () => {
    const html = `<!doctype html><meta charset="utf-8" /><body><script type="module">${await bundle(name)}</script></body>`;
    server = createServer((_, response) => response.setHeader("content-type", "text/html").end(html));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
    browser = await chromium.launch({ executablePath: await findChromium(), args });
  });
  afterEach(async () => {
    await Promise.all(profiles.splice(0).map(async (profile) => profile.close()));
    expect(problems.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const frontEnd: FrontEnd = {
    get origin() {
      if (!server) throw new Error("the front end has not started");
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    async profile() {
      if (!browser) throw new Error("the browser has not started");
      const profile = await browser.newContext();
      profiles.push(profile);
      return profile;
    },
    async open(relay, place, { search = "", profile } = {}) {
      const page = await (profile ?? (await frontEnd.profile())).newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (message) => {
        // Browsers log `ERR_…` for a refused connection, which is expected when a test kills an edge.
        const isOurs = message.type() === "error" && !message.text().includes("ERR_");
        if (isOurs && !message.text().includes("WebSocket connection")) problems.push(message.text());
      });
      await page.goto(`${frontEnd.origin}/?relay=${encodeURIComponent(relay)}${search}#${place}`);
      return page;
    },
  };
  return frontEnd;
}

/** Builds a front end in development mode, because only there StrictMode renders twice. */
async function bundle(name: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "warn",
    mode: "development",
    resolve: { conditions: ["@docrelay/source", ...defaultClientConditions] },
    define: { "process.env.NODE_ENV": JSON.stringify("development") },
    build: {
      write: false,
      minify: false,
      target: "es2023",
      rolldownOptions: {
        input: join(import.meta.dirname, "front-ends", name),
        output: { codeSplitting: false },
        // The bundler's warning about the directive `"use client"` is left out: it has no meaning for this page.
        onLog: (level, log, say) => log.code !== "MODULE_LEVEL_DIRECTIVE" && say(level, log),
      },
    },
  });
  const [chunk] = ([built].flat()[0] as Rolldown.RolldownOutput).output;
  // The script is put into a script element. A `</script` in the script would end this element.
  return chunk.code.replaceAll("</script", String.raw`<\/script`);
}
