import { loadPart, type LazyParts } from "../lazy-part.ts";

export type Parser = LazyParts["markdown"];

let loaded: Promise<Parser | undefined> | undefined;

/**
 * The parser of Markdown: it comes with the first answer, since a fifth of all that the page loads is of it. Undefined when it
 * cannot be had; a later call tries again.
 */
export async function loadParser(): Promise<Parser | undefined> {
  const isFirst = loaded === undefined;
  const parser = await (loaded ??= loadPart("markdown"));
  if (!parser) loaded = undefined;
  else if (isFirst) warmUp(parser);
  return parser;
}

/** Most answers take seconds to begin. */
function warmUp(parser: Parser): void {
  // Safari has no idle callbacks.
  const whenIdle = (run: () => void): void =>
    void ("requestIdleCallback" in window ? requestIdleCallback(run) : setTimeout(run, 50));
  const next = (n: number): void => void (parser.warm(n) && whenIdle(() => next(n + 1)));
  whenIdle(() => next(0));
}
