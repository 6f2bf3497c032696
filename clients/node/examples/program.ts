/** Runs a command-line program: reports failed output, and sets the exit status. */

/** The exit status that a shell reports for SIGPIPE; Node.js ignores that signal. */
const READER_HAS_GONE = 141;

/** Writes a line to standard output. `console.log` would hide a failure. */
export async function print(line: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(`${line}\n`, (error) => {
      if (error) {
        reject(error);
      } else {
        resolve();
      }
    });
  });
}

/** Runs a program. An error becomes one line on standard error, and the exit status 1. */
export async function run(name: string, main: () => Promise<void>): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    // `print` reports the error. An error event without a listener would end the process with a stack trace.
    stream.on("error", () => undefined);
  }
  try {
    await main();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EPIPE") {
      process.exitCode = READER_HAS_GONE;
      return;
    }
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
