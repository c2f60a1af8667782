import { makePdf, ownPdf } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import type { Locator, Page } from "playwright-core";
import { useCluster } from "./cluster.ts";
import { PLAIN_HOST, usePage, watchTexts } from "./page.ts";

// First: edges read the built page when they start.
const browser = usePage();
// As an edge on a local network, which takes any name for its own; it listens on loopback all the same.
const LOCAL_NETWORK = { BIND: "0.0.0.0", USERS_PER_ADDRESS: "0", SESSIONS_PER_MINUTE: "0" };
const cluster = useCluster({ edges: 1, engineDelayMs: 40, env: LOCAL_NETWORK });

const FACT = "The lighthouse of Norrholm was painted green in 1931.";
const pdf = (pages: string[], operators = 0): Buffer => Buffer.from(makePdf({ pages, operators }));
const lighthouse = {
  name: "lighthouse.pdf",
  mimeType: "application/pdf",
  buffer: pdf([FACT, "Its keeper had two cats."]),
};

const question = (page: Page): Locator => page.getByRole("textbox", { name: "Question" });
const answers = (page: Page): Locator => page.locator(".answer");
const ended = (page: Page, how: "completed" | "failed" | "cancelled"): Locator =>
  page.locator(`.answer[data-state="${how}"]`);
async function ask(page: Page, text: string): Promise<void> {
  await question(page).fill(text);
  await question(page).press("Enter");
}
/** The answer has begun and not ended. */
async function streaming(page: Page): Promise<void> {
  await page.locator('.answer[data-state="asking"] .text:not(:empty)').waitFor();
}

describe("the page, in a real Chromium", () => {
  it("takes a PDF, shows it being sent and read, and the answer as it is written", async () => {
    const page = await browser.open(cluster.url());
    const pages = Array.from({ length: 60 }, (_, n) => `Page ${n + 1} of the long report. ${FACT}`);
    const long = { name: "long.pdf", mimeType: "application/pdf", buffer: pdf(pages, 6000) };
    const statuses = await watchTexts(page, ".answer .status");
    const texts = await watchTexts(page, ".answer .text");
    const spoken = await watchTexts(page, "#announce");
    await page.setInputFiles("#file", long);
    await ask(page, "What colour was the lighthouse painted?");
    await ended(page, "completed").waitFor({ timeout: 60_000 });
    expect(await answers(page).locator(".text").textContent()).toContain("painted green in 1931");
    expect(await statuses()).toContainEqual(expect.stringMatching(/^Sending long\.pdf \(.+ of .+\)$/));
    expect(await statuses()).toContainEqual(expect.stringMatching(/^Reading long\.pdf: page \d+ of 60$/));
    const written = await texts();
    expect(written.length).toBeGreaterThan(5);
    for (const part of written) expect(written.at(-1)?.startsWith(part)).toBe(true);
    expect(await page.locator(".asked .chip").textContent()).toContain("60 pages");
    expect(await page.locator(".cite").first().textContent()).toMatch(/long\.pdf\W+p\.\W+\d/);
    // Those who listen hear the turns and that the answer is there, not every word.
    const heard = await spoken();
    expect(heard.at(-1)).toMatch(/^Answer ready/);
    expect(heard.length).toBeLessThan(6);
  });

  it("shows the whole answer after a reload in its middle; files stay attached for the next question", async () => {
    const page = await browser.open(cluster.url());
    await page.setInputFiles("#file", lighthouse);
    await ask(page, "what is inside this pdf?");
    await streaming(page);
    await page.reload();
    await ended(page, "completed").waitFor();
    expect(await answers(page).count()).toBe(1);
    const text = (await answers(page).locator(".text").textContent()) ?? "";
    expect(text.split(FACT)).toHaveLength(2);
    expect(await page.locator("#files .chip").textContent()).toContain("lighthouse.pdf");
    await ask(page, "Who had cats?");
    await ended(page, "completed").nth(1).waitFor();
    expect(await answers(page).nth(1).locator(".text").textContent()).toContain("Its keeper had two cats.");
  });

  it("shows the same conversation in a second tab, as it goes", async () => {
    const profile = await browser.profile();
    const first = await browser.open(cluster.url(), profile);
    await first.setInputFiles("#file", lighthouse);
    await ask(first, "what is inside this pdf?");
    await streaming(first);
    const second = await browser.open(cluster.url(), profile);
    expect(second.url()).toBe(first.url());
    for (const page of [first, second]) await ended(page, "completed").waitFor();
    const shown = await Promise.all([first, second].map(async (page) => page.locator("#log").innerText()));
    expect(shown[0]).toBe(shown[1]);
    await ask(second, "And from the other tab?");
    await ended(first, "completed").nth(1).waitFor();
  });

  it("stops an answer, keeping what had come; Escape does the same", async () => {
    const page = await browser.open(cluster.url());
    await page.setInputFiles("#file", lighthouse);
    for (const [index, stop] of [
      async () => page.getByRole("button", { name: "Stop" }).click(),
      async () => page.keyboard.press("Escape"),
    ].entries()) {
      await ask(page, "what is inside this pdf?");
      await streaming(page);
      await stop();
      await ended(page, "cancelled").nth(index).waitFor();
    }
    expect(await answers(page).first().textContent()).toContain("You stopped this answer.");
    expect(await page.getByRole("button", { name: "Stop" }).isVisible()).toBe(false);
  });

  it("says of each file what is wrong with it before it is asked about, and lets go of it", async () => {
    const page = await browser.open(cluster.url());
    const problems = page.getByRole("alert").locator("p");
    const made = (name: string, text: string) => ({ name, mimeType: "application/pdf", buffer: Buffer.from(text) });
    await page.setInputFiles("#file", [
      made("notes.pdf", "no PDF"),
      made("empty.pdf", ""),
      made("broken.pdf", "%PDF-1.7 and nothing after it"),
      lighthouse,
    ]);
    await expect
      .poll(async () => (await problems.allTextContents()).toSorted(), { timeout: 30_000 })
      .toEqual([
        "broken.pdf: This PDF is damaged and cannot be read. Open it in a PDF reader, save it again, and attach the new file.",
        "empty.pdf is empty.",
        "notes.pdf: This file is not a PDF. Attach a PDF instead.",
      ]);
    const chips = page.locator("#files .chip");
    await expect
      .poll(async () => chips.allTextContents(), { timeout: 30_000 })
      .toEqual([expect.stringMatching(/^lighthouse.pdf.*2 pages×$/)]);
    const many = Array.from({ length: 9 }, (_, n) => ({ ...lighthouse, name: `${n}.pdf` }));
    await page.setInputFiles("#file", many);
    expect(await problems.allTextContents()).toEqual(
      ["7.pdf", "8.pdf"].map((name) => `${name} was left out: at most 8 files go with one question.`),
    );
    expect(await chips.count()).toBe(8);
  });

  it("asks for the password of a protected PDF, and goes on with it", async () => {
    const page = await browser.open(cluster.url());
    const locked = ownPdf("encrypted-user/aes.pdf");
    const buffer = Buffer.from(locked.bytes());
    await page.setInputFiles("#file", { name: "locked.pdf", mimeType: "application/pdf", buffer });
    await ask(page, "what is inside this pdf?");
    await page.getByLabel("Password of the PDF").fill("wrong");
    await page.getByRole("button", { name: "Ask with password" }).click();
    await page.locator(".failure", { hasText: "That password does not open the PDF." }).waitFor();
    await page.reload();
    await page
      .getByLabel("Password of the PDF")
      .last()
      .fill(locked.userPassword ?? "");
    await page.getByRole("button", { name: "Ask with password" }).last().click();
    await ended(page, "completed").waitFor({ timeout: 20_000 });
    await ask(page, "and the second question?");
    await ended(page, "completed").nth(1).waitFor({ timeout: 20_000 });
  });

  it("shows what users, files and engines say as text, never as HTML", async () => {
    const page = await browser.open(cluster.url());
    const markup = `<b class="markup">bold</b>`;
    const file = { name: `${markup}.pdf`, mimeType: "application/pdf", buffer: pdf([`${markup} is in this file.`]) };
    await page.setInputFiles("#file", file);
    await ask(page, `${markup} what is inside?`);
    await ended(page, "completed").waitFor();
    expect(await page.locator(".text").textContent()).toContain(markup);
    expect(await page.locator(".markup").count()).toBe(0);
  });

  it("works over plain HTTP on a local network, where browsers keep things back", async () => {
    const page = await browser.open(cluster.url().replace("127.0.0.1", PLAIN_HOST));
    expect(await page.evaluate("isSecureContext")).toBe(false);
    await page.setInputFiles("#file", lighthouse);
    await ask(page, "what is inside this pdf?");
    await ended(page, "completed").waitFor();
    expect(await page.locator(".text").textContent()).toContain(FACT);
  });

  it("fits a phone, and everything on it has a name and can be reached by Tab", async () => {
    const page = await browser.open(cluster.url());
    await page.setViewportSize({ width: 360, height: 640 });
    await page.setInputFiles("#file", lighthouse);
    await ask(page, "what is inside this pdf?");
    await ended(page, "completed").waitFor();
    const sideways = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(sideways).toBe(0);
    expect((await page.locator("header").first().boundingBox())?.height).toBeLessThan(64);
    const reached = new Set<string>();
    for (let n = 0; n < 24; n++) {
      await page.keyboard.press("Tab");
      const focused = page.locator(":focus");
      if ((await focused.count()) > 0) reached.add((await focused.ariaSnapshot()).trim());
    }
    for (const name of ["Attach PDF", "New conversation", "Question", "Remove lighthouse.pdf", "Copy"])
      expect([...reached].join("\n")).toContain(`"${name}"`);
  });
});
