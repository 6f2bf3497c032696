/**
 * Writes rows of a table to iris.csv and pictures of digits to digits/.
 *
 *     node build/examples/example.js [TARGET]
 */
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Client } from "synthserve";

async function main(target: string): Promise<void> {
  using client = new Client(target);

  for await (const model of client.models()) {
    console.log(`${model.version}: ${model.card?.summary ?? model.stateReason}`);
  }

  const rows = client.encodedRows("iris-vae", { format: "csv", count: 1000, seed: 7 });
  await pipeline(rows.bytes(), createWriteStream("iris.csv"));
  console.log("iris.csv: 1000 rows");

  await mkdir("digits", { recursive: true });
  for await (const { index, data } of client.images("mnist-dcgan", { count: 16, seed: 7 })) {
    await writeFile(`digits/${String(index).padStart(4, "0")}.png`, data);
  }
  console.log("digits/: 16 images");
}

try {
  await main(process.argv[2] ?? "localhost:50051");
} catch (error) {
  console.error(`example: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
