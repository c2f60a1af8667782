import type { Env } from "@docrelay/platform";

/**
 * The settings that have an effect in one `AUTH_MODE` only. Such a setting is reported as a problem if it is set in
 * another mode.
 */
const OF_MODE: Readonly<Record<string, readonly string[]>> = {
  jwt: ["JWT_SECRET", "JWT_JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE", "JWT_TENANT_CLAIM", "JWT_COOKIE"],
  oidc: ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_SCOPE", "OIDC_REDIRECT_URL"],
};

/**
 * Checks that the settings of authentication fit `AUTH_MODE` and each other. Returns one sentence for each problem; no
 * sentence contains the value of a setting.
 */
export function authProblems(env: Env): string[] {
  const mode = env["AUTH_MODE"];
  const foreign = Object.entries(OF_MODE).flatMap(([of, names]) =>
    of === mode ? [] : names.filter((name) => env[name]).map((name) => `${name} belongs to AUTH_MODE=${of}`),
  );
  const own = mode === "jwt" ? jwtProblems(env) : mode === "oidc" ? oidcProblems(env) : [];
  return [...foreign, ...own];
}

function jwtProblems(env: Env): string[] {
  const keys = ["JWT_SECRET", "JWT_JWKS_URL"].filter((name) => env[name]);
  const problems = [];
  if (keys.length === 0) problems.push("AUTH_MODE jwt needs JWT_SECRET or JWT_JWKS_URL");
  if (keys.length === 2) problems.push("JWT_SECRET and JWT_JWKS_URL exclude each other");
  if (env["JWT_COOKIE"] && !env["CORS_ALLOWED_ORIGINS"])
    problems.push("JWT_COOKIE needs CORS_ALLOWED_ORIGINS: the cookie is only read for pages of a listed origin");
  return problems;
}

function oidcProblems(env: Env): string[] {
  const needed = ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_REDIRECT_URL"];
  return needed.filter((name) => !env[name]).map((name) => `${name} is missing: AUTH_MODE=oidc needs it`);
}
