// A program for tests of `watch`. The variable HOW decides whether the program reports that it is ready, and when it
// ends. The program's output is not JSON.
const [how = "listen"] = [process.env["HOW"]];
process.stderr.write("some words for people\n");
if (how === "fail") process.exit(4);
if (how === "stubborn") process.on("SIGTERM", () => undefined); // set before `ready`, at which the test sends SIGTERM
if (how !== "silent") process.send?.({ type: "ready", port: 7 });
if (how === "die") setTimeout(() => process.exit(5), 20);
setInterval(() => undefined, 1000);
