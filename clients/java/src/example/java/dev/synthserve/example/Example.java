package dev.synthserve.example;

import dev.synthserve.Client;
import dev.synthserve.EncodedRowStream;
import dev.synthserve.Image;
import dev.synthserve.ImageStream;
import dev.synthserve.ImagesRequest;
import dev.synthserve.RowFormat;
import dev.synthserve.RowsRequest;
import dev.synthserve.v1.Model;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Writes rows of a table to iris.csv and pictures of digits to digits/: {@code Example [TARGET]}.
 */
public final class Example {
  private Example() {}

  /** Runs the example; on failure, exits with 1 and a line on standard error. */
  public static void main(String[] arguments) {
    String target = arguments.length > 0 ? arguments[0] : "localhost:50051";
    Program.run("Example", () -> write(target));
  }

  private static void write(String target) throws IOException {
    try (Client client = Client.builder(target).build()) {
      for (Model model : client.models()) {
        Program.println(model.getVersion() + ": " + model.getCard().getSummary());
      }
      writeRows(client, Path.of("iris.csv"));
      writeImages(client, Path.of("digits"));
    }
  }

  private static void writeRows(Client client, Path file) throws IOException {
    RowsRequest request = RowsRequest.builder("iris-vae").count(1_000).seed(7).build();
    long written;
    try (EncodedRowStream rows = client.encodedRows(request, RowFormat.CSV);
        OutputStream out = Files.newOutputStream(file)) {
      written = rows.writeTo(out);
    }
    Program.println(file + ": " + written + " rows");
  }

  private static void writeImages(Client client, Path folder) throws IOException {
    ImagesRequest request = ImagesRequest.builder("mnist-dcgan").count(16).seed(7).build();
    Files.createDirectories(folder);
    try (ImageStream images = client.images(request)) {
      for (Image image : images) {
        Path file = folder.resolve(String.format(Locale.ROOT, "%04d.png", image.index()));
        Files.write(file, image.data().toByteArray());
      }
    }
    Program.println(folder + ": 16 images");
  }
}
