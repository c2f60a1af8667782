// A process that announces that it serves, or ends before, as HOW tells it. It logs nothing as JSON.
const [how = "listen"] = [process.env["HOW"]];
process.stderr.write("some words for people\n");
if (how === "fail") process.exit(4);
if (how === "stubborn") process.on("SIGTERM", () => undefined); // before it announces that it is ready
if (how !== "silent") process.send?.({ type: "ready", port: 7 });
if (how === "die") setTimeout(() => process.exit(5), 20);
setInterval(() => undefined, 1000);
