/** What a program owes to those who run it: lines that are written or failed, and an exit status that says which. */

/** As a shell has it where SIGPIPE ended a program, which Node.js does not let happen. */
const READER_HAS_GONE = 141;

/** Writes a line to standard output. `console.log` would not say that it was lost. */
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
    // `print` tells it. An event that nobody takes would end the process with a stack trace.
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
