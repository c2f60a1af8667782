import { findChromium } from "@docrelay/testkit";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

/**
 * Another host name for this machine than localhost. Over HTTP, browsers deny a page at this name all that needs HTTPS,
 * as on a local network.
 */
export const PLAIN_HOST = "docrelay.test";

const PATIENCE_MS = 100_000;

/** Opens the built page in a real Chromium. A test fails if its page logs or throws an error. */
export interface PageTests {
  /**
   * Opens the page at an address, in `profile` or in a new browser profile. Resolves when the page is connected.
   * `expected` matches errors that the browser may log.
   */
  open(url: string, profile?: BrowserContext, expected?: RegExp): Promise<Page>;
  profile(options?: BrowserContextOptions): Promise<BrowserContext>;
}

export function usePage(): PageTests {
  let browser: Browser | undefined;
  const profiles: BrowserContext[] = [];
  let problems: string[] = [];

  beforeAll(async () => {
    // Makes the browser resolve `PLAIN_HOST` to this machine.
    const named = `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`;
    // A frame of another site than the page around it gets neither storage nor cookies, as in more and more browsers.
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
        // Over plain HTTP the browser logs that it ignores this header, which is right.
        if (message.type() !== "error" || message.text().startsWith("The Cross-Origin-Opener-Policy header")) return;
        if (expected?.test(message.text())) return;
        const problem = `${message.text()} ${message.location().url}`;
        // The page requests `/v1/usage` after each answer. At the end of a test, the server may end before this
        // request.
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

/**
 * Collects all texts that the selected elements show from now on; the returned function returns each different text
 * once.
 */
export async function watchTexts(page: Page, selector: string): Promise<() => Promise<string[]>> {
  const key = JSON.stringify(`texts of ${selector}`);
  // The code is a string, because the types of this file do not include the browser's `document`.
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
