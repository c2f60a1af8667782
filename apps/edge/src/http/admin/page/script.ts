/** The script inside the page for operators. The script shows the server's data as text, never as markup. */
export const SCRIPT = `"use strict";
{
  const KEY = "docrelay:admin-token";
  const at = (id) => document.getElementById(id);
  let token = sessionStorage.getItem(KEY) ?? "";
  let shown;
  let timer;

  function make(name, text, more = {}) {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = String(text);
    return Object.assign(element, more);
  }
  function say(text, isBad = false) {
    at("said").textContent = text;
    at("said").className = isBad ? "bad" : "";
  }
  async function call(path, body) {
    const init = { headers: { authorization: "Bearer " + token }, cache: "no-store", signal: AbortSignal.timeout(15000) };
    if (body !== undefined) Object.assign(init, { method: "POST", body: JSON.stringify(body) });
    const response = await fetch("v1/" + path, init).catch(() => {
      throw new Error("The edge does not answer.");
    });
    const answer = await response.json().catch(() => ({}));
    if (response.status === 401) signOut("The token is not valid.");
    if (!response.ok) throw new Error(answer.error?.message ?? "It failed with status " + response.status + ".");
    return answer;
  }
  /** Does what a button is for, and says how it went. */
  async function act(what, done) {
    try {
      const answer = await what();
      say(done ?? "");
      return answer;
    } catch (error) {
      say(error.message, true);
    }
  }
  function seconds(ms) {
    return ms < 10000 ? (ms / 1000).toFixed(1) + " s" : Math.round(ms / 1000) + " s";
  }
  function table(place, heads, rows, empty) {
    if (rows.length === 0) return at(place).replaceChildren(make("p", empty, { className: "soft" }));
    const head = make("tr");
    head.append(...heads.map((one) => make("th", one, { scope: "col" })));
    const body = make("tbody");
    for (const cells of rows) {
      const row = make("tr");
      for (const cell of cells) {
        const place = make("td");
        place.append(cell instanceof Node ? cell : String(cell ?? ""));
        row.append(place);
      }
      body.append(row);
    }
    const top = make("thead");
    top.append(head);
    const all = make("table");
    all.append(top, body);
    const wide = make("div", undefined, { className: "wide" });
    wide.append(all);
    at(place).replaceChildren(wide);
  }
  function link(text, go) {
    const button = make("button", text, { type: "button", className: "link" });
    button.addEventListener("click", go);
    return button;
  }

  function figures({ edge, asks, extractions, draining, paused }) {
    const all = {
      "unfinished asks": asks.sum,
      running: asks.byStage.running,
      "waiting for texts": asks.byStage.parked,
      queued: asks.byStage.queued,
      ...Object.fromEntries(Object.entries(extractions).map(([name, count]) => ["extractions " + name, count])),
      ...edge,
      intake: paused ? "paused" : "open",
      "this edge": draining ? "drains" : "serves",
    };
    at("figures").replaceChildren(
      ...Object.entries(all).map(([name, value]) => {
        const one = make("div");
        one.append(make("dt", name), make("dd", typeof value === "number" ? value.toLocaleString("en") : value));
        return one;
      }),
    );
  }
  const HEADS = ["ask", "stage", "age", "attempt", "files", "trace"];
  const row = (now) => (ask) => [
    link(ask.id, () => life({ key: ask.key })),
    ask.state,
    seconds(now - ask.acceptedAt),
    ask.attempt,
    ask.files,
    ask.trace,
  ];
  async function look() {
    clearTimeout(timer);
    try {
      const view = await call("admin");
      shown = view;
      at("node").textContent = view.node;
      figures(view);
      at("pause").textContent = view.paused ? "Open intake" : "Pause intake";
      at("drain").disabled = view.draining;
      table("slow", HEADS, view.asks.slowest.map(row(view.at)), "No ask is unfinished.");
      table(
        "users",
        ["user", "asks", "connections here"],
        view.users.map(({ user, u, asks, connections }) => [
          user === undefined ? link(u, () => find("", u)) : link(user, () => find(user, "")),
          asks,
          connections,
        ]),
        "Nobody is here.",
      );
      table("tenants", ["tenant", "connections"], view.tenants.map((one) => [one.tenant, one.connections]), "None.");
      table(
        "refused",
        ["event", "code", "times"],
        view.refusals.map((one) => [one.event, one.code, one.count]),
        "Nothing.",
      );
      if (at("said").className === "bad" && at("said").textContent === "The edge does not answer.") say("");
    } catch (error) {
      say(error.message, true);
    }
    if (token) timer = setTimeout(look, document.hidden ? 10000 : 2000);
  }
  async function quotas() {
    const answer = await act(() => call("admin/quotas"));
    if (answer)
      table(
        "quotas",
        ["field", "most"],
        Object.entries(answer.quotas).map(([field, value]) => [
          link(field, () => {
            at("quota-field").value = field;
            at("quota-value").value = value;
            at("quota-value").focus();
          }),
          value,
        ]),
        "None is set.",
      );
  }

  async function find(user, word) {
    at("find-user").value = user;
    at("find-word").value = word;
    at("life").replaceChildren();
    if (user && word) {
      at("found").replaceChildren();
      return life({ user, ask: word });
    }
    const query = user ? "user=" + encodeURIComponent(user) : "find=" + encodeURIComponent(word);
    const answer = await act(() => call("admin/asks?" + query));
    if (!answer) return;
    const now = shown?.at ?? Date.now();
    const rows = answer.asks.map(row(now));
    for (const { id, how, code, at: when } of answer.ended ?? [])
      rows.push([link(id, () => life({ user, ask: id })), code ?? how, seconds(now - when) + " ago", "", "", ""]);
    table("found", HEADS, rows, "There is none.");
  }
  async function life(where) {
    const found = await act(() => call("admin/ask?" + new URLSearchParams(where)));
    if (!found) return;
    const title = make("p");
    title.append(make("b", found.id), " in " + found.conversation + ", " + found.stage);
    if (found.trace) title.append(", trace " + found.trace);
    if (found.worker) title.append(", worker " + found.worker);
    const list = make("ol", undefined, { className: "life" });
    for (const { ms, what, attempt, detail } of found.moments) {
      const one = make("li");
      const more = Object.entries(detail).map(([name, value]) => name + " " + value);
      one.append(make("b", seconds(ms)), what + (attempt > 0 ? " (call " + attempt + ")" : ""));
      one.append(make("span", more.length > 0 ? "  " + more.join(", ") : "", { className: "soft" }));
      list.append(one);
    }
    const isOver = ["completed", "failed", "cancelled"].includes(found.moments.at(-1)?.what);
    const end = make("button", "End this ask", { type: "button", className: "bad", hidden: isOver });
    end.addEventListener("click", async () => {
      const done = await act(() => call("admin/ask/end", { key: found.key }), "The ask is being ended.");
      if (done) await life(where);
    });
    const again = make("button", "Look again", { type: "button" });
    again.addEventListener("click", () => life(where));
    const actions = make("p");
    actions.append(again, " ", end);
    at("life").replaceChildren(title, list, actions);
  }

  function signOut(why = "") {
    token = "";
    sessionStorage.removeItem(KEY);
    clearTimeout(timer);
    at("main").hidden = at("actions").hidden = true;
    at("sign-in").hidden = false;
    say(why, why !== "");
    at("token").focus();
  }
  async function signIn() {
    try {
      await call("admin");
    } catch (error) {
      return say(error.message, true);
    }
    sessionStorage.setItem(KEY, token);
    at("sign-in").hidden = true;
    at("main").hidden = at("actions").hidden = false;
    say("");
    await Promise.all([look(), quotas()]);
  }
  function onSubmit(id, handle) {
    at(id).addEventListener("submit", (event) => {
      event.preventDefault();
      void handle();
    });
  }
  onSubmit("sign-in", () => {
    token = at("token").value;
    at("token").value = "";
    return signIn();
  });
  onSubmit("find", () => find(at("find-user").value.trim(), at("find-word").value.trim()));
  onSubmit("quota", async () => {
    const [field, value] = [at("quota-field").value.trim(), at("quota-value").value.trim()];
    const done = await act(() => call("admin/quotas", { field, value: value === "" ? null : value }), field + " is set.");
    if (done) await quotas();
  });
  at("out").addEventListener("click", () => signOut());
  at("pause").addEventListener("click", async () => {
    const paused = !shown?.paused;
    await act(() => call("admin/intake", { paused }), paused ? "No new questions are taken." : "Questions are taken.");
    await look();
  });
  at("drain").addEventListener("click", async () => {
    if (!confirm("Drain this edge? Its clients go to the others, and it stays closed until it is started anew.")) return;
    await act(() => call("admin/drain", {}), "The edge drains.");
    await look();
  });
  if (token) void signIn();
}
`;
