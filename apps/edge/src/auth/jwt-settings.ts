import type { Env } from "@docrelay/platform";

const JWT_SETTINGS = ["JWT_SECRET", "JWT_JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE", "JWT_TENANT_CLAIM", "JWT_COOKIE"];

/** What is wrong with the settings of `AUTH_MODE=jwt` together: one sentence for each problem, without a value. */
export function jwtProblems(env: Env): string[] {
  if (env["AUTH_MODE"] !== "jwt") {
    return JWT_SETTINGS.filter((name) => env[name]).map((name) => `${name} belongs to AUTH_MODE=jwt`);
  }
  const keys = ["JWT_SECRET", "JWT_JWKS_URL"].filter((name) => env[name]);
  const problems = [];
  if (keys.length === 0) problems.push("AUTH_MODE jwt needs JWT_SECRET or JWT_JWKS_URL");
  if (keys.length === 2) problems.push("JWT_SECRET and JWT_JWKS_URL exclude each other");
  if (env["JWT_COOKIE"] && !env["CORS_ALLOWED_ORIGINS"])
    problems.push("JWT_COOKIE needs CORS_ALLOWED_ORIGINS: the cookie is only read for pages of a listed origin");
  return problems;
}
