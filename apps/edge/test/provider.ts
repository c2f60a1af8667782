import { hash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createLoginKey, signWith, type LoginKey } from "./login.ts";

/**
 * An OpenID Connect provider for tests. It signs every user in at once, without a password, as the user in `claims`.
 */
export interface Provider extends AsyncDisposable {
  readonly issuer: string;
  /** Claims of the tokens that the provider issues from now on, such as the name of the user (`sub`). */
  claims: Record<string, unknown>;
  /** How many requests for tokens were granted. */
  readonly granted: number;
}

interface Code {
  readonly challenge: string;
  readonly nonce: string;
  readonly redirect: string;
}

/**
 * Starts a provider for one client. To get a token, the client must send its secret, the redirect URL of the code, and
 * the verifier of the PKCE challenge.
 */
export async function startProvider(client: { id: string; secret: string }): Promise<Provider> {
  const key: LoginKey = await createLoginKey("RS256", "provider");
  const codes = new Map<string, Code>();
  let granted = 0;

  async function tokens(request: IncomingMessage): Promise<object | undefined> {
    const form = new URLSearchParams(await text(request));
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const verifier = hash("sha256", form.get("code_verifier") ?? "", "base64url");
    const fits = code?.challenge === verifier && code.redirect === form.get("redirect_uri");
    if (!fits || form.get("client_id") !== client.id || form.get("client_secret") !== client.secret) return undefined;
    granted++;
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: provider.issuer, aud: client.id, iat, nonce: code.nonce, ...provider.claims };
    return { access_token: randomUUID(), token_type: "Bearer", id_token: await signWith(key, claims) };
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "", provider.issuer);
    const json = (body: object, status = 200): unknown =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    const at = (path: string): string => `${provider.issuer}${path}`;
    if (url.pathname === "/.well-known/openid-configuration") {
      json({
        issuer: provider.issuer,
        authorization_endpoint: at("/authorize"),
        token_endpoint: at("/token"),
        jwks_uri: at("/keys"),
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
    } else if (url.pathname === "/keys") json({ keys: [key.published] });
    else if (url.pathname === "/token") {
      const answer = await tokens(request);
      if (answer) json(answer);
      else json({ error: "invalid_grant" }, 400);
    } else {
      const asked = (name: string): string => url.searchParams.get(name) ?? "";
      const code = randomUUID();
      codes.set(code, { challenge: asked("code_challenge"), nonce: asked("nonce"), redirect: asked("redirect_uri") });
      const back = new URL(asked("redirect_uri"));
      back.search = new URLSearchParams({ code, state: asked("state") }).toString();
      response.writeHead(302, { location: back.href }).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const provider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    claims: {} as Record<string, unknown>,
    get granted() {
      return granted;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return provider;
}

async function text(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}
