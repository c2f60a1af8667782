import { loadPart, type LazyParts } from "../lazy-part.ts";
import { inSlices } from "./slices.ts";

export type Parser = LazyParts["markdown"];

let loaded: Promise<Parser | undefined> | undefined;

/**
 * Loads the Markdown parser. It is about a quarter of the page's code, so it is loaded only when there is an answer.
 * Resolves to undefined when the parser cannot be loaded; a later call tries again.
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

/**
 * Compiles, in several frames, the patterns that the first answer needs; in one frame they would be a task of 60 to 100
 * ms. The other patterns are compiled in idle time.
 */
async function warmUp({ warm, NEEDED_STEPS }: Parser): Promise<void> {
  let step = 0;
  await new Promise<void>((resolve) =>
    inSlices(() => {
      if (step < NEEDED_STEPS && warm(step++)) return false;
      resolve();
      return true;
    }),
  );
  // Safari has no idle callbacks, so there a timer is used.
  const whenIdle = (run: () => void): void =>
    void ("requestIdleCallback" in window ? requestIdleCallback(run) : setTimeout(run, 50));
  const next = (): void => void (warm(step++) && whenIdle(next));
  whenIdle(next);
}
