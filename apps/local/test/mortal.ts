// A program for tests. HOW decides whether it announces that it is ready, and whether it ends before or after that. Its
// output is not JSON.
const [how = "listen"] = [process.env["HOW"]];
process.stderr.write("some words for people\n");
if (how === "fail") process.exit(4);
if (how === "stubborn") process.on("SIGTERM", () => undefined); // set before the process announces that it is ready
if (how !== "silent") process.send?.({ type: "ready", port: 7 });
if (how === "die") setTimeout(() => process.exit(5), 20);
setInterval(() => undefined, 1000);
