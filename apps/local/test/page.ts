import { findChromium } from "@docrelay/testkit";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

/** A host name of this machine, as on a local network without HTTPS. */
export const PLAIN_HOST = "docrelay.test";

/** Long enough for a machine that does much else. */
const PATIENCE_MS = 100_000;

/** A real Chromium over the built page. What the page logs as an error, or throws, fails the test. */
export interface PageTests {
  /** The page at an address, connected, in a browser profile of its own unless one is given. `expected`: errors that the browser itself logs. */
  open(url: string, profile?: BrowserContext, expected?: RegExp): Promise<Page>;
  profile(options?: BrowserContextOptions): Promise<BrowserContext>;
}

export function usePage(): PageTests {
  let browser: Browser | undefined;
  const profiles: BrowserContext[] = [];
  let problems: string[] = [];

  beforeAll(async () => {
    // A name that is not localhost: what browsers keep for HTTPS is not there.
    const named = `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`;
    // As more and more browsers do: nothing is kept for a server in the page of another site.
    const blocked = "--test-third-party-cookie-phaseout";
    const args = [named, blocked, "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
    browser = await chromium.launch({ executablePath: await findChromium(), args });
  });
  afterEach(async () => {
    await Promise.all(profiles.splice(0).map(async (profile) => profile.close()));
    expect(problems.splice(0)).toEqual([]);
  });
  afterAll(async () => browser?.close());

  const tests: PageTests = {
    async profile(options = {}) {
      if (!browser) throw new Error("the browser has not started");
      const profile = await browser.newContext({ viewport: { width: 1000, height: 700 }, ...options });
      profile.setDefaultTimeout(PATIENCE_MS);
      profiles.push(profile);
      return profile;
    },
    async open(url, profile, expected) {
      const page = await (profile ?? (await tests.profile())).newPage();
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (message) => {
        // Over plain HTTP a browser says that it leaves this header out: so be it.
        if (message.type() !== "error" || message.text().startsWith("The Cross-Origin-Opener-Policy header")) return;
        if (expected?.test(message.text())) return;
        const problem = `${message.text()} ${message.location().url}`;
        // At the end of a test its server may be gone before the page, which asks for this after an answer.
        if (/ERR_CONNECTION_REFUSED .*\/v1\/usage$/.test(problem)) return;
        problems.push(problem);
      });
      await page.goto(url);
      await page.locator('#connection[data-state="online"]').waitFor();
      return page;
    },
  };
  problems = [];
  return tests;
}

/** Every different text that elements show from now on. */
export async function watchTexts(page: Page, selector: string): Promise<() => Promise<string[]>> {
  const key = JSON.stringify(`texts of ${selector}`);
  // A string, since this file is no browser's: its types know of no document.
  await page.evaluate(`{
    const seen = (globalThis[${key}] = new Set());
    const look = () => {
      for (const found of document.querySelectorAll(${JSON.stringify(selector)}))
        if (found.textContent) seen.add(found.textContent);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
  }`);
  return async () => page.evaluate<string[]>(`[...globalThis[${key}]]`);
}
