// Prints the names of its environment variables, and its arguments. The first argument decides how this process ends:
// by itself, at SIGTERM, or only when it is killed.
process.stdout.write(`${Object.keys(process.env).sort().join(" ")}\n`);
process.stderr.write(`arguments ${process.argv.slice(2).join(" ")}\n`);
if (process.argv[2] === "exit") process.exit(3);
if (process.argv[2] === "stubborn") process.on("SIGTERM", () => process.stdout.write("no\n"));
setInterval(() => undefined, 1000);
process.stdout.write("up\n");
