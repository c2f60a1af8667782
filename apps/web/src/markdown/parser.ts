import { loadPart, type LazyParts } from "../lazy-part.ts";
import { inSlices } from "./slices.ts";

export type Parser = LazyParts["markdown"];

let loaded: Promise<Parser | undefined> | undefined;

/**
 * The parser of Markdown: it comes with the first answer, since a fifth of all that the page loads is of it. Undefined when it
 * cannot be had; a later call tries again.
 */
export function loadParser(): Promise<Parser | undefined> {
  return (loaded ??= load());
}

async function load(): Promise<Parser | undefined> {
  const parser = await loadPart("markdown");
  if (!parser) loaded = undefined;
  else await warmUp(parser);
  return parser;
}

/** What the first answer needs is compiled in several frames: in one it would be a task of 60 to 100 ms. The rest while idle. */
async function warmUp({ warm, NEEDED_STEPS }: Parser): Promise<void> {
  let step = 0;
  await new Promise<void>((resolve) =>
    inSlices(() => {
      if (step < NEEDED_STEPS && warm(step++)) return false;
      resolve();
      return true;
    }),
  );
  // Safari has no idle callbacks.
  const whenIdle = (run: () => void): void =>
    void ("requestIdleCallback" in window ? requestIdleCallback(run) : setTimeout(run, 50));
  const next = (): void => void (warm(step++) && whenIdle(next));
  whenIdle(next);
}
