import { ownPdf } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { useCluster } from "./cluster.ts";
import { answers, ask, ended, FACT, lighthouse, pdf, streaming } from "./page-parts.ts";
import { PLAIN_HOST, usePage } from "./page.ts";

const browser = usePage();
// With these settings the edge behaves as on a local network, where it accepts any host name as its own. The edge of
// this test still listens on loopback only.
const LOCAL_NETWORK = { BIND: "0.0.0.0", USERS_PER_ADDRESS: "0", SESSIONS_PER_MINUTE: "0" };
const cluster = useCluster({ edges: 1, engineDelayMs: 40, env: LOCAL_NETWORK });

describe("the page, in a real Chromium", () => {
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
      .poll(async () => (await problems.allTextContents()).toSorted())
      .toEqual([
        "broken.pdf: This PDF is damaged and cannot be read. Open it in a PDF reader, save it again, and attach the new file.",
        "empty.pdf is empty.",
        "notes.pdf: This file is not a PDF. Attach a PDF instead.",
      ]);
    const chips = page.locator("#files .chip");
    await expect
      .poll(async () => chips.allTextContents())
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
    await ended(page, "completed").waitFor();
    await ask(page, "and the second question?");
    await ended(page, "completed").nth(1).waitFor();
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
