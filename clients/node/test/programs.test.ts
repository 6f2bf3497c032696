/** The example and the conformance runner, with the standard streams that people give them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { FakeServer, MODEL, csv, rowsUpTo, type ImagesCall } from "./fakes.js";

const folder = mkdtempSync(join(tmpdir(), "programs-"));
after(() => {
  rmSync(folder, { recursive: true });
});

function oneImage(call: ImagesCall): void {
  const schema = { height: 1, width: 1, channels: 1 };
  const info = { model: MODEL.version, seed: 7n, schema, mediaType: "image/png" };
  call.write({ info, firstIndex: 0n, images: Array<Uint8Array>(16).fill(Buffer.from("image")) });
  call.end();
}

const ANSWERS = {
  models: [() => ({ models: [MODEL], nextPageToken: "" })],
  rows: [rowsUpTo(1000, 1000, { message: csv })],
  images: [oneImage],
};

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in the shell, which knows how to close a stream. */
async function ended(program: string, argument: string, { redirect = "", readerGoes = false }): Promise<Ended> {
  const file = fileURLToPath(new URL(`../${program}.js`, import.meta.url));
  const command = ["-c", `exec "$0" "$@" ${redirect}`, process.execPath, file, argument];
  const child = spawn("/bin/sh", command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  if (readerGoes) {
    child.stdout.destroy();
  }
  const [stdout, stderr, [status]] = await Promise.all([
    readerGoes ? "" : text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
}

/** Two cases for the runner, on a server. */
function play({ target }: FakeServer): string {
  const file = join(folder, "play.json");
  const ask = { connection: "main", call: "models" };
  const cases = [
    { name: "a", ...ask },
    { name: "b", ...ask },
  ];
  writeFileSync(file, `\uFEFF${JSON.stringify({ connections: { main: { target } }, cases })}`);
  return file;
}

const programs: Record<string, (server: FakeServer) => string> = {
  "examples/example": ({ target }) => target,
  "conformance/runner": play,
};

for (const [program, argument] of Object.entries(programs)) {
  const name = program.split("/")[1]!;

  describe(name, () => {
    it("ends well", async () => {
      await using server = await FakeServer.start(ANSWERS);
      const { status, stdout, stderr } = await ended(program, argument(server), {});
      assert.deepEqual([status, stderr], [0, ""]);
      assert.ok(stdout.split("\n").length >= 3);
    });

    it("ends as by SIGPIPE, and silently, when the reader of its output has gone", async () => {
      await using server = await FakeServer.start(ANSWERS);
      assert.deepEqual(await ended(program, argument(server), { readerGoes: true }), {
        status: 141,
        stdout: "",
        stderr: "",
      });
    });

    it("fails in one line when its output is lost", async () => {
      await using server = await FakeServer.start(ANSWERS);
      const { status, stderr } = await ended(program, argument(server), { redirect: ">/dev/full" });
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`^${name}: .*ENOSPC.*\n$`));
    });

    it("does its work when standard output or standard error is closed", async () => {
      await using server = await FakeServer.start(ANSWERS);
      for (const redirect of [">&-", "<&- >&- 2>&-"]) {
        const { status, stderr } = await ended(program, argument(server), { redirect });
        assert.deepEqual([status, stderr], [0, ""], redirect);
      }
    });

    it("fails with a status when its standard error cannot be written", async () => {
      for (const redirect of ["2>/dev/full", ">&- 2>&-"]) {
        const { status } = await ended(program, "no such thing", { redirect });
        assert.equal(status, 1, redirect);
      }
    });

    it("fails in one line when it is asked for what cannot be", async () => {
      for (const wrong of ["", "no such thing"]) {
        const { status, stdout, stderr } = await ended(program, wrong, {});
        assert.deepEqual([status, stdout], [1, ""]);
        assert.match(stderr, new RegExp(`^${name}: [^\n]+\n$`));
      }
    });
  });
}

it("the example leaves whole files when its output is closed", async () => {
  await using server = await FakeServer.start(ANSWERS);
  rmSync(join(folder, "iris.csv"), { force: true });
  await ended("examples/example", server.target, { redirect: ">&-" });
  const lines = Array.from({ length: 1000 }, (_, index) => `${index}\n`);
  assert.equal(readFileSync(join(folder, "iris.csv"), "utf8"), `index\n${lines.join("")}`);
  assert.ok(existsSync(join(folder, "digits", "0015.png")));
});
