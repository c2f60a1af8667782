import { estimateTokens } from "@docrelay/engine";
import type { FailureFacts, SizeFacts } from "./facts.ts";

const MIN_BYTES = 16_384;
/**
 * How many prompts are tried at most after the first refusal. The size of each is in the middle between the largest
 * prompt that was accepted and the smallest that was refused.
 */
const CLOSER = 4;
const LINE = "The quick brown fox jumps over the lazy dog and runs on. 0123\n";
/** How many tokens a byte of the prompts of `promptOf` has, by the worker's estimate. */
export const TOKENS_PER_BYTE = estimateTokens(LINE.repeat(100)) / (LINE.length * 100);

/**
 * Finds the largest prompt that gets an answer. The prompts grow fourfold from 16 KiB to `most` bytes; if one is
 * refused as too large, some sizes in between are tried. `ask` resolves to the reason why a prompt got no answer;
 * undefined if it got one.
 */
export async function findLargest(
  most: number,
  ask: (prompt: string) => Promise<FailureFacts | undefined>,
): Promise<SizeFacts> {
  let taken = 0;
  for (let bytes = Math.min(MIN_BYTES, most); ; bytes = Math.min(4 * bytes, most)) {
    const failure = await ask(promptOf(bytes));
    if (failure)
      return failure.tooLarge
        ? await narrow({ taken, refused: bytes, failure }, ask)
        : { taken, refused: bytes, failure };
    taken = bytes;
    if (bytes === most) return { taken, refused: undefined, failure: undefined };
  }
}

async function narrow(
  found: { taken: number; refused: number; failure: FailureFacts },
  ask: (prompt: string) => Promise<FailureFacts | undefined>,
): Promise<SizeFacts> {
  let { taken, refused } = found;
  for (let tries = 0; tries < CLOSER && refused - taken > 1024; tries++) {
    const middle = Math.floor((taken + refused) / 2);
    if (await ask(promptOf(middle))) refused = middle;
    else taken = middle;
  }
  return { taken, refused, failure: found.failure };
}

/** Returns a prompt of `bytes` bytes, which has a question and a file. */
function promptOf(bytes: number): string {
  const begin = "This is a test. Please reply with one word.\n\n--- File Content: test.txt ---\n";
  const end = "\n--- End of File ---";
  const rest = Math.max(0, bytes - begin.length - end.length);
  return begin + LINE.repeat(Math.ceil(rest / LINE.length)).slice(0, rest) + end;
}
