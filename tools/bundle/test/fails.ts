/* A program that prints the stack of an error, then ends with it. */

interface Depth {
  readonly left: number;
}

function fail(left: Depth["left"]): never {
  if (left > 0) return fail(left - 1);
  throw new RangeError("“too deep”");
}

try {
  fail(1);
} catch (error) {
  process.stdout.write(`${(error as Error).stack}\n`);
  throw error;
}
