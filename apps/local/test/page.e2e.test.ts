import { describe, expect, it } from "vitest";
import { useCluster } from "./cluster.ts";
import { answers, ask, ended, FACT, lighthouse, pdf, streaming } from "./page-parts.ts";
import { usePage, watchTexts } from "./page.ts";

const browser = usePage();
const cluster = useCluster({ edges: 1, engineDelayMs: 40 });

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
    await ended(page, "completed").waitFor();
    expect(await answers(page).locator(".text").textContent()).toContain("painted green in 1931");
    expect(await statuses()).toContainEqual(expect.stringMatching(/^Sending long\.pdf \(.+ of .+\)$/));
    expect(await statuses()).toContainEqual(expect.stringMatching(/^Reading long\.pdf: page \d+ of 60$/));
    const written = await texts();
    expect(written.length).toBeGreaterThan(5);
    for (const part of written) expect(written.at(-1)?.startsWith(part)).toBe(true);
    expect(await page.locator(".asked .chip").textContent()).toContain("60 pages");
    expect(await page.locator(".cite").first().textContent()).toMatch(/long\.pdf\W+p\.\W+\d/);
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
});
