import fc from "fast-check";

/*
 * Property tests of decoders of untrusted bytes. The inputs are nearly valid, because decoders refuse random ones at
 * the first character. The variable FUZZ_RUNS sets how many inputs each test has (100 by default), and FUZZ_SEED takes
 * the printed seed of a run, to repeat that run.
 */
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 100);
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const IS_LONG = process.env["FUZZ_RUNS"] !== undefined;

type Check<T> = (input: T) => unknown;

/**
 * Calls `check` with damaged copies of the texts. `check` may return a promise. @throws Error with the seed and the
 * smallest input that fails
 */
export function fuzzText(valid: readonly string[], check: Check<string>): Promise<void> {
  return run(damagedText(valid), check);
}
export function fuzzBytes(valid: readonly Uint8Array[], check: Check<Buffer>): Promise<void> {
  // Bytes become a Latin-1 text and back, because Latin-1 has a character for each byte.
  const texts = valid.map((bytes) => Buffer.from(bytes).toString("latin1"));
  return run(
    fc.oneof(
      damagedText(texts).map((text) => Buffer.from(text, "latin1")),
      damagedText(texts).map((text) => Buffer.from(text)),
    ),
    check,
  );
}
/**
 * Calls `check` as {@link fuzzText} does, with damaged copies of plain data: a field gets another value, is removed or
 * is added.
 */
export function fuzzValue(valid: readonly unknown[], check: Check<unknown>): Promise<void> {
  const damage = fc.record({ path: fc.array(fc.nat(9), { maxLength: 4 }), value: odd, how: fc.nat(3) });
  return run(
    fc.oneof(
      {
        arbitrary: fc.tuple(fc.constantFrom(...valid), fc.array(damage, { maxLength: 3 })).map(damageValue),
        weight: 9,
      },
      { arbitrary: odd, weight: 1 },
    ),
    check,
  );
}

/** How many characters of a failing input are shown. Even the smallest failing input may have many kB. */
const MAX_SHOWN = 2000;

function report<T>(details: fc.RunDetails<[T]>): void {
  if (!details.failed) return;
  const { seed, numRuns, counterexample, errorInstance } = details;
  const input = fc.stringify(counterexample?.[0]).slice(0, MAX_SHOWN);
  throw new Error(`FUZZ_SEED=${seed}, input ${numRuns}: ${input}`, { cause: errorInstance });
}

async function run<T>(inputs: fc.Arbitrary<T>, check: Check<T>): Promise<void> {
  if (IS_LONG) process.stdout.write(`fuzz: ${RUNS} inputs, FUZZ_SEED=${SEED}\n`);
  const property = fc.asyncProperty(inputs, async (input) => void (await check(input)));
  await fc.assert(property, { numRuns: RUNS, seed: SEED, reporter: report });
}

/**
 * A value with this many levels of nesting breaks code that recurses once for each level: `JSON.stringify` overflows
 * its stack at about 6,000 levels.
 */
const DEEP = 8000;
/** Texts that decoders often handle wrongly. */
const TOKENS = [
  ...[
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "-1",
    "1e999",
    "-0",
    "0.1",
    "9007199254740993",
    "\0",
    "\n",
    "\r\n",
  ],
  ...[
    '"__proto__":{"x":1}',
    '"constructor"',
    '"toString"',
    '{"_placeholder":true,"num":0}',
    '"\\ud800"',
    "\ud800",
    "\ufeff",
    "\u202e",
  ],
  ...["data: ", "event: error", "[DONE]", "--", "=", "%", ";", " ", "\u00e9", "\u{1f600}", "9".repeat(400)],
];
/** Deeply nested texts: a reader that recurses once for each level needs a stack as deep as these. */
const DEEP_TOKENS = [
  "[".repeat(DEEP),
  "[".repeat(DEEP) + "]".repeat(DEEP),
  '{"a":'.repeat(DEEP) + "1" + "}".repeat(DEEP),
];

const VALUE = /"(?:[^"\\]|\\.)*"|-?\d+|null|true|false/g;

function damagedText(valid: readonly string[]): fc.Arbitrary<string> {
  const token = fc.oneof(
    { arbitrary: fc.constantFrom(...TOKENS), weight: 6 },
    { arbitrary: fc.constantFrom(...DEEP_TOKENS), weight: 1 },
    { arbitrary: fc.string({ maxLength: 8 }), weight: 2 },
    { arbitrary: fc.string({ unit: "binary", maxLength: 8 }), weight: 2 },
  );
  const damage = fc.record({ at: fc.nat(1 << 20), length: fc.nat(40), token, how: fc.nat(6) });
  const nearly = fc.tuple(fc.constantFrom(...valid), fc.array(damage, { maxLength: 4 })).map(([text, all]) =>
    all.reduce((damaged, { at, length, token: put, how }) => {
      const from = at % (damaged.length + 1);
      const [head, tail] = [damaged.slice(0, from), damaged.slice(from)];
      if (how === 0) return head + put + tail;
      if (how === 1) return head + tail.slice(length);
      if (how === 2) return head + put + tail.slice(length);
      if (how === 3) return head; // the text is cut off
      if (how === 4) return head + damaged.slice(from, from + length) + tail;
      // Replaces one value in the text by another.
      const values = [...damaged.matchAll(VALUE)];
      const { 0: value = "", index = damaged.length } = values[at % Math.max(1, values.length)] ?? {};
      return damaged.slice(0, index) + put + damaged.slice(index + value.length);
    }, text),
  );
  return fc.oneof({ arbitrary: nearly, weight: 9 }, { arbitrary: token, weight: 1 });
}

const deep = (): unknown => JSON.parse("[".repeat(DEEP) + "]".repeat(DEEP)) as unknown;
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 16 }),
  fc.constantFrom(
    Number.NaN,
    Infinity,
    -0,
    -1,
    0.5,
    2 ** 53,
    1e300,
    null,
    undefined,
    true,
    "",
    "__proto__",
    "x".repeat(70_000),
  ),
  fc.constant("deep").map(deep),
  fc
    .constant("own prototype")
    .map(() => JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":1}}') as unknown),
);

interface Damage {
  readonly path: readonly number[];
  readonly value: unknown;
  readonly how: number;
}
function damageValue([valid, damages]: [unknown, readonly Damage[]]): unknown {
  const copy = structuredClone(valid);
  for (const { path, value, how } of damages) {
    let at = copy as Record<string, unknown>;
    let name = "";
    for (const step of path) {
      const inner = name === "" ? at : at[name];
      if (typeof inner !== "object" || inner === null || ArrayBuffer.isView(inner)) break;
      const names = Object.keys(inner);
      if (names.length === 0) break;
      at = inner as Record<string, unknown>;
      name = names[step % names.length] ?? "";
    }
    if (name === "" || typeof at !== "object") continue;
    if (how === 0) delete at[name];
    else if (how === 1) at["more"] = value;
    else at[name] = value;
  }
  return copy;
}
