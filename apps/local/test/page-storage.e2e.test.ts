import { makePdf, startProxy } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import type { BrowserContext, Page } from "playwright-core";
import { useCluster } from "./cluster.ts";
import { usePage } from "./page.ts";

const browser = usePage();
const cluster = useCluster({ edges: 1 });

const pdf = { mimeType: "application/pdf", buffer: Buffer.from(makePdf({ pages: ["The lighthouse is green."] })) };
const question = "#question";
async function ask(page: Page, text: string): Promise<void> {
  await page.fill(question, text);
  await page.press(question, "Enter");
}
const ended = async (page: Page, count = 1): Promise<void> =>
  page
    .locator('.answer[data-state="completed"]')
    .nth(count - 1)
    .waitFor();

/** Returns a browser profile with all site data blocked, in which every access to a storage throws. */
async function blocked(): Promise<BrowserContext> {
  const profile = await browser.profile();
  await profile.addInitScript(`for (const name of ["localStorage", "sessionStorage", "indexedDB"])
    Object.defineProperty(globalThis, name, { get() { throw new DOMException("Access is denied", "SecurityError"); } });`);
  return profile;
}
/** Returns a browser profile in which the storage of the origin is full. */
async function full(): Promise<BrowserContext> {
  const profile = await browser.profile();
  await profile.addInitScript(`for (let size = 2 ** 22; size >= 1; size /= 2)
    try { for (let n = 0; n < 9; n++) localStorage.setItem("fill" + size + "." + n, "x".repeat(size)); } catch {}`);
  return profile;
}

describe("a browser that keeps nothing", () => {
  it.each([
    ["because site data is blocked", blocked],
    ["because the storage is full", full],
  ])("(%s) gets its answers, and is told that a reload loses them", async (_, profile) => {
    const page = await browser.open(cluster.url(), await profile());
    await page.getByText("Your browser keeps nothing for this page").waitFor();
    await page.setInputFiles("#file", { ...pdf, name: "a.pdf" });
    await page.locator("#files .chip", { hasText: "1 page" }).waitFor();
    await ask(page, "hello");
    await ended(page);
    expect(await page.inputValue(question)).toBe("");
    await page.getByRole("button", { name: "New conversation" }).click();
    await ask(page, "and again");
    await page.getByText("and again").first().waitFor();
    await ended(page);
  });
  it("is not mentioned where things are kept", async () => {
    const page = await browser.open(cluster.url());
    expect(await page.locator("#unkept").isVisible()).toBe(false);
  });
});

describe("an anchor of the page", () => {
  it("is no conversation: the skip link focuses the question, and everything stays", async () => {
    const page = await browser.open(cluster.url());
    await ask(page, "hello");
    await ended(page);
    const address = page.url();
    await page.locator(".skip").focus();
    await page.keyboard.press("Enter");
    await expect.poll(async () => page.evaluate("document.activeElement.id")).toBe("question");
    await expect.poll(() => page.url()).toBe(address);
    await page.evaluate(`location.hash = "elsewhere"`);
    await expect.poll(() => page.url()).toBe(address);
    expect(await page.locator(".ask").count()).toBe(1);
    await page.reload();
    await ended(page);
    expect(page.url()).toBe(address);
  });
});

describe("a link of an earlier version", () => {
  it("opens its conversation, not the last one", async () => {
    const profile = await browser.profile();
    const page = await browser.open(cluster.url(), profile);
    await ask(page, "the first conversation");
    await ended(page);
    const [, id] = page.url().split("#c=");
    await page.getByRole("button", { name: "New conversation" }).click();
    await ask(page, "the second conversation");
    await ended(page);
    const other = await browser.open(`${cluster.url()}/#${id}`, profile);
    await other.getByText("the first conversation").first().waitFor();
    await expect.poll(() => other.url()).toBe(`${cluster.url()}/#c=${id}`);
  });
});

describe("a question that was not sent", () => {
  it("stays in the composer, with its file, and the page says so", async () => {
    const profile = await browser.profile();
    // Browsers limit how often a page may change its address; here, each change throws. So the page cannot open a
    // conversation, and the question cannot be sent.
    await profile.addInitScript(
      `history.replaceState = () => { throw new DOMException("too often", "SecurityError"); }`,
    );
    const page = await profile.newPage();
    await page.goto(cluster.url());
    await page.setInputFiles("#file", { name: "a.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-") });
    await ask(page, "a long question");
    await page.getByRole("alert").getByText("Your question could not be sent.").waitFor();
    expect(await page.inputValue(question)).toBe("a long question");
    await expect.poll(() => page.locator("#files .chip").count()).toBe(1);
    expect(await page.locator(".ask").count()).toBe(0);
  });
});

describe("a question on its way, when another conversation is shown and then its own again", () => {
  it("is shown once, goes on, and is not put into the composer too", async () => {
    const profile = await browser.profile();
    // The test cuts the connection, and the browser logs each failed connection as an error. With `browser.open` these
    // errors would fail the test.
    const page = await profile.newPage();
    await page.goto(cluster.url());
    await page.getByText("Connected").waitFor();
    await profile.setOffline(true);
    await page.getByText("Connection lost").waitFor();
    await page.setInputFiles("#file", { name: "a.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4") });
    await ask(page, "asked once");
    await page.locator(".ask .status", { hasText: "Waiting for the connection…" }).waitFor();
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.locator("#empty").waitFor();
    await page.goBack();
    await page.locator(".ask").waitFor();
    expect(await page.locator(".ask").count()).toBe(1);
    expect(await page.inputValue(question)).toBe("");
    expect(await page.locator("#problem p").count()).toBe(0);
    await profile.setOffline(false);
    await page.locator(".failure").waitFor();
  });
});

describe("a question whose file is still sent", () => {
  const SLOW = 20_000; // bytes a second: slow enough that another tab can be opened in time, even on a busy machine
  const large = {
    name: "large.pdf",
    mimeType: "application/pdf",
    buffer: Buffer.concat([makePdf({ pages: ["The lighthouse is green."] }), Buffer.alloc(600_000, 32)]),
  };

  it("is left to its page by a duplicated tab, and comes back after a reload, in which the upload goes on", async () => {
    await using proxy = await startProxy({ port: cluster.edges[0]?.port ?? 0 });
    const page = await browser.open(`http://127.0.0.1:${proxy.port}/`);
    proxy.bandwidth(SLOW);
    await page.setInputFiles("#file", large);
    await ask(page, "what is in it?");
    await page.locator(".ask .status", { hasText: "Sending large.pdf" }).waitFor();
    // `window.open` copies this tab's session storage to the new tab, as duplicating a tab does.
    const opening = page.waitForEvent("popup");
    await page.evaluate("void open(location.href)");
    const copy = await opening;
    await copy.locator('#connection[data-state="online"]').waitFor();
    await expect.poll(async () => copy.evaluate("performance.now()")).toBeGreaterThan(1500);
    expect(await copy.evaluate(`sessionStorage.getItem("docrelay:unsent")`)).toContain("what is in it?");
    expect(await copy.inputValue(question)).toBe("");
    expect(await copy.locator("#problem p").count()).toBe(0);
    await copy.close();

    const chip = page.locator("#files .chip", { hasText: "large.pdf" });
    const percent = async (): Promise<number> => Number(/(\d+)% sent/.exec((await chip.textContent()) ?? "")?.[1] ?? 0);
    await expect.poll(percent).toBeGreaterThan(20);
    const before = await percent();
    await page.reload();
    const lines = page.locator("#problem p");
    await lines.waitFor();
    expect(await lines.allTextContents()).toEqual(["Your question was not asked yet. It stands below again."]);
    expect(await page.inputValue(question)).toBe("what is in it?");
    await expect.poll(percent).toBeGreaterThan(0);
    expect(await percent()).toBeGreaterThanOrEqual(before);
    proxy.heal();
    await page.press(question, "Enter");
    await ended(page);
    expect(await page.locator(".ask").count()).toBe(1);
    // The upload went on after the reload instead of beginning again, so the proxy saw much less than twice the file.
    expect(proxy.bytesUp).toBeLessThan(1.3 * large.buffer.length);
    const left = await page.evaluate(`new Promise((resolve, reject) => {
      const opening = indexedDB.open("docrelay");
      opening.onerror = reject;
      opening.onsuccess = () => {
        const keys = opening.result.transaction("uploads").objectStore("uploads").getAllKeys();
        keys.onsuccess = () => resolve(keys.result);
      };
    })`);
    expect(left).toEqual([]);
  });

  it("says which file has to be attached again when the browser has not kept it", async () => {
    await using proxy = await startProxy({ port: cluster.edges[0]?.port ?? 0 });
    const page = await browser.open(`http://127.0.0.1:${proxy.port}/`);
    await page.addInitScript(
      `delete globalThis.indexedDB; Object.defineProperty(globalThis, "indexedDB", { get() { throw new Error("blocked"); } });`,
    );
    await page.reload();
    await page.locator('#connection[data-state="online"]').waitFor();
    proxy.bandwidth(SLOW);
    await page.setInputFiles("#file", large);
    await page.locator("#files .chip", { hasText: "% sent" }).waitFor();
    await page.reload();
    await page.locator("#problem p", { hasText: "large.pdf was not sent completely. Attach it again." }).waitFor();
  });

  it("is not put into the composer when the SDK keeps it, too", async () => {
    const profile = await browser.profile();
    const page = await browser.open(cluster.url(), profile, /ERR_INTERNET_DISCONNECTED/);
    await profile.setOffline(true);
    await ask(page, "asked once");
    await page.locator(".ask .status", { hasText: "Waiting for the connection…" }).waitFor();
    // Stores the question in `docrelay:unsent`, too, where the page keeps questions whose files are not uploaded yet.
    // In a browser, the SDK and the page keep the same question if the connection was lost after the last byte of the
    // file was sent.
    await page.evaluate(`(() => {
      const key = Object.keys(localStorage).find((one) => one.startsWith("docrelay:ask:"));
      const { id, conversation, message } = JSON.parse(localStorage.getItem(key));
      sessionStorage.setItem("docrelay:unsent", JSON.stringify([[id, conversation, message]]));
    })()`);
    await profile.setOffline(false);
    await page.reload();
    await ended(page);
    await expect.poll(async () => page.evaluate(`sessionStorage.getItem("docrelay:unsent")`)).toBe("[]");
    expect(await page.inputValue(question)).toBe("");
    expect(await page.locator(".ask").count()).toBe(1);
  });
});

describe("a draft", () => {
  it("is the conversation's in all its tabs, so that none asks it again, and keeps its files", async () => {
    const profile = await browser.profile();
    const one = await browser.open(cluster.url(), profile);
    const other = await browser.open(one.url(), profile);
    await one.setInputFiles("#file", { ...pdf, name: "a.pdf" });
    await one.locator("#files .chip", { hasText: "1 page" }).waitFor();
    await one.fill(question, "half a question");
    await expect.poll(async () => other.inputValue(question)).toBe("half a question");
    await other.fill(question, "a whole question?");
    await expect.poll(async () => one.inputValue(question)).toBe("a whole question?");
    await other.reload();
    await other.locator("#files .chip", { hasText: "a.pdf" }).waitFor();
    await one.press(question, "Enter");
    await ended(one);
    expect(await other.inputValue(question)).toBe("");
  });
});
