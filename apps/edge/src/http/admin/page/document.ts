import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/**
 * Returns the page for operators: one document that loads no other file. Its script fetches the data with the token.
 */
export function adminDocument(): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>docrelay: operations</title>
<style>${STYLE}</style>
</head>
<body>
<header>
  <h1>docrelay <small id="node"></small></h1>
  <p id="said" role="status"></p>
  <span class="actions" id="actions" hidden>
    <button id="pause" type="button">Pause intake</button>
    <button id="drain" type="button" class="bad">Drain this edge</button>
    <button id="out" type="button">Sign out</button>
  </span>
</header>
<form id="sign-in" autocomplete="off">
  <label for="token">Token (ADMIN_TOKEN)</label>
  <input id="token" type="password" required autocomplete="off">
  <button>Sign in</button>
</form>
<main id="main" hidden>
  <section aria-labelledby="h-figures"><h2 id="h-figures">Now</h2><dl id="figures"></dl></section>
  <section aria-labelledby="h-find">
    <h2 id="h-find">Find asks</h2>
    <form id="find">
      <label>User <input id="find-user" autocomplete="off"></label>
      <label>Ask or trace <input id="find-word" autocomplete="off"></label>
      <button>Find</button>
    </form>
    <p class="soft">An ask that has ended is found by its user and id.</p>
    <div id="found"></div>
    <div id="life"></div>
  </section>
  <section aria-labelledby="h-slow"><h2 id="h-slow">Oldest unfinished asks</h2><div id="slow"></div></section>
  <div class="pair">
    <section aria-labelledby="h-users"><h2 id="h-users">Users by load</h2><div id="users"></div></section>
    <section aria-labelledby="h-tenants"><h2 id="h-tenants">Tenants on this edge</h2><div id="tenants"></div></section>
    <section aria-labelledby="h-refused"><h2 id="h-refused">Refused by this edge</h2><div id="refused"></div></section>
    <section aria-labelledby="h-quotas">
      <h2 id="h-quotas">Quotas of a day</h2>
      <div id="quotas"></div>
      <form id="quota">
        <label>Field <input id="quota-field" required placeholder="asks:tenant:acme" autocomplete="off"></label>
        <label>Most <input id="quota-value" placeholder="number, none, or empty to unset" autocomplete="off"></label>
        <button>Set</button>
      </form>
    </section>
  </div>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}
