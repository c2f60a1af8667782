import { pino, type DestinationStream, type Logger } from "pino";
import { standardOutput } from "./standard-output.ts";

export type { Logger } from "pino";
export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const SECRETS = ["token", "password", "secret", "authorization", "cookie"];

/**
 * Removes credentials from a log line. An error's message, which a library may have written, may contain a URL with a
 * password.
 */
function withoutCredentials(line: string): string {
  return line.replaceAll(/:\/\/[^\s"/@]{1,256}@/g, "://***@");
}

/**
 * Creates a logger. It writes JSON lines with a constant `msg` and fixed field names to stdout, and removes fields that
 * are named like a secret, and credentials in URLs.
 */
export function createLogger(of: {
  level: LogLevel;
  name: string;
  node?: string;
  destination?: DestinationStream;
}): Logger {
  const options = {
    level: of.level,
    base: { app: of.name, pid: process.pid, ...(of.node === undefined ? {} : { node: of.node }) },
    redact: {
      paths: SECRETS.flatMap((name) => [name, `*.${name}`]),
      remove: true,
    },
    serializers: { err: (error: unknown) => describeError(error) },
    hooks: { streamWrite: withoutCredentials },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, of.destination ?? standardOutput);
}

const CAUSES = 3;

/**
 * Returns the name, message, code, stack and causes of an error, and no other property: the Redis client attaches the
 * command with all its arguments, which may be a user's question, file or password.
 */
function describeError(error: unknown, causes = CAUSES): object {
  if (!(error instanceof Error)) return { type: typeof error, message: "not an error" };
  const { name: type, message, stack, cause } = error;
  return {
    type,
    message,
    stack,
    ...("code" in error ? { code: error.code } : {}),
    ...(cause === undefined || causes === 0 ? {} : { cause: describeError(cause, causes - 1) }),
  };
}
