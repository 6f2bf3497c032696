/**
 * Writes rows of a table to iris.csv and pictures of digits to digits/.
 *
 *     node build/examples/example.js [TARGET]
 */
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Client } from "synthserve";
import { print, run } from "./program.js";

await run("example", async () => {
  using client = new Client(process.argv[2] ?? "localhost:50051");

  for await (const model of client.models()) {
    await print(`${model.version}: ${model.card?.summary ?? model.stateReason}`);
  }

  const rows = client.encodedRows("iris-vae", { format: "csv", count: 1000, seed: 7 });
  await pipeline(rows.bytes(), createWriteStream("iris.csv"));
  await print("iris.csv: 1000 rows");

  await mkdir("digits", { recursive: true });
  for await (const { index, data } of client.images("mnist-dcgan", { count: 16, seed: 7 })) {
    await writeFile(`digits/${String(index).padStart(4, "0")}.png`, data);
  }
  await print("digits/: 16 images");
});
