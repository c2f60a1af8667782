import { eventually, freePort } from "@docrelay/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { violations } from "./axe.ts";
import { launch, type Launcher } from "./launcher.ts";
import { usePage } from "./page.ts";

const TOKEN = "an-admin-token-of-many-letters";
const WORD = "Rumpelstiltskin";
const browser = usePage();
let local: Launcher;
let url: string;
let admin: number;

beforeAll(async () => {
  admin = await freePort();
  const port = await freePort();
  local = launch({ PORT: String(port), ADMIN_PORT: String(admin), ADMIN_TOKEN: TOKEN, DEMO_DELAY_MS: "3000" });
  url = (await local.process.waitFor(/^ready /)).replace("ready ", "");
}, 120_000);
afterAll(async () => local?.[Symbol.asyncDispose]());

async function openAdmin(): Promise<Page> {
  const page = await (await browser.profile()).newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(`http://127.0.0.1:${admin}/admin`);
  await page.getByLabel("Token").fill("a wrong one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("The token is not valid.").waitFor();
  expect(await violations(page, "admin-sign-in")).toEqual([]);
  await page.getByLabel("Token").fill(TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Find asks" }).waitFor();
  // The browser logs two responses with 401: for the page, and for the wrong token. Any other error fails the test,
  // such as a violation of the content security policy.
  expect(problems.filter((one) => !one.includes("401"))).toEqual([]);
  return page;
}

it("operators see what runs, find an ask, look at its life and end it", async () => {
  const people = await browser.open(url);
  const page = await openAdmin();
  await people.locator("#question").fill(`${WORD} `.repeat(40));
  await people.keyboard.press("Enter");
  const row = page.locator("#slow tbody tr").first();
  await row.waitFor();
  expect(await violations(page, "admin")).toEqual([]);
  await row.getByRole("button").click();
  await page.locator(".life li", { hasText: "accepted" }).waitFor();
  await page.getByRole("button", { name: "End this ask" }).click();
  await people.getByText("stopped", { exact: false }).first().waitFor();
  await eventually(async () => {
    await page.getByRole("button", { name: "Look again" }).click();
    return (await page.locator(".life li", { hasText: "cancelled" }).count()) === 1;
  });
  await page.getByLabel("Field").fill("asks");
  await page.getByLabel("Most").fill("7");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await page.locator("#quotas td", { hasText: "7" }).waitFor();
  expect(await violations(page, "admin-life")).toEqual([]);
  await page.getByRole("button", { name: "Pause intake" }).click();
  await page.getByRole("button", { name: "Open intake" }).waitFor();
  expect(await page.content()).not.toContain(WORD);
  await page.reload();
  await page.getByRole("button", { name: "Open intake" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  expect(await page.evaluate("sessionStorage.length")).toBe(0);
});
