// A process that says it listens, or ends before, as it is told.
const [how = "listen"] = [process.env["HOW"]];
process.stderr.write("some words for people\n");
if (how === "fail") process.exit(4);
if (how === "stubborn") process.on("SIGTERM", () => undefined); // before it says that it is ready
process.stdout.write(`${JSON.stringify({ level: "info", msg: "listening", port: 7 })}\n`);
if (how === "die") setTimeout(() => process.exit(5), 20);
setInterval(() => undefined, 1000);
