import { makePdf } from "@docrelay/testkit";
import { setTimeout as sleep } from "node:timers/promises";
import { createCustomer, type Customer } from "./customer.ts";
import type { Tally } from "./tally.ts";

/** Users who each ask one question after another; of all questions together, every `pdfEvery`-th is about a new PDF. */
export interface Load {
  /** Ids of the edges to which the users have connected. */
  nodes(): ReadonlySet<string>;
  /** Returns for how many ms the running ask with the longest silence has had no event; 0 if no ask runs. */
  silentMs(): number;
  /** Sends no more questions; resolves when the last answer has arrived. */
  stop(): Promise<void>;
}

const PDF_EVERY = 10;
const THINK_MS = { least: 100, most: 700 };

export async function startLoad(url: string, users: number, tally: Tally, pdfEvery = PDF_EVERY): Promise<Load> {
  const customers = await Promise.all(Array.from({ length: users }, () => createCustomer(url, tally)));
  let asking = true;
  let asked = 0;

  async function live(customer: Customer): Promise<void> {
    while (asking) {
      const number = asked++;
      const word = `marker${number.toString(36)}x${Math.random().toString(36).slice(2, 8)}`;
      const file = number % pdfEvery === 0 ? makePdf({ pages: [`${word} stands here.`, "Another page."] }) : undefined;
      await customer.ask(file ? "what stands in this file?" : word, word, file);
      const { least, most } = THINK_MS;
      await sleep(least + Math.random() * (most - least));
    }
  }
  const lives = customers.map(live);

  return {
    nodes: () => new Set(customers.flatMap(({ nodes }) => [...nodes])),
    silentMs: () => Math.max(...customers.map((customer) => customer.silentMs())),
    async stop() {
      asking = false;
      await Promise.all(lives);
      for (const customer of customers) customer.close();
    },
  };
}
