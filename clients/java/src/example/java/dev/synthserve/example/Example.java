package dev.synthserve.example;

import dev.synthserve.Client;
import dev.synthserve.EncodedRowStream;
import dev.synthserve.Image;
import dev.synthserve.ImageStream;
import dev.synthserve.ImagesRequest;
import dev.synthserve.RowFormat;
import dev.synthserve.RowsRequest;
import dev.synthserve.SynthserveException;
import dev.synthserve.v1.Model;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.logging.LogManager;

/**
 * Writes rows of a table to iris.csv and pictures of digits to digits/: {@code Example [TARGET]}.
 */
public final class Example {
  private Example() {}

  /** Runs it; ends with 1 and a line on standard error if that fails. */
  public static void main(String[] arguments) {
    LogManager.getLogManager().reset(); // gRPC's own log would come between our lines.
    String target = arguments.length > 0 ? arguments[0] : "localhost:50051";
    try (Client client = Client.builder(target).build()) {
      for (Model model : client.models()) {
        System.out.println(model.getVersion() + ": " + model.getCard().getSummary());
      }
      writeRows(client, Path.of("iris.csv"));
      writeImages(client, Path.of("digits"));
    } catch (SynthserveException e) {
      fail(e.getMessage());
    } catch (IOException e) {
      fail(e.toString()); // Its message alone may be but a file's name.
    }
  }

  private static void fail(String why) {
    System.err.println("Example: " + why);
    System.exit(1);
  }

  private static void writeRows(Client client, Path file) throws IOException {
    RowsRequest request = RowsRequest.builder("iris-vae").count(1_000).seed(7).build();
    try (EncodedRowStream rows = client.encodedRows(request, RowFormat.CSV);
        OutputStream out = Files.newOutputStream(file)) {
      System.out.println(file + ": " + rows.writeTo(out) + " rows");
    }
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
    System.out.println(folder + ": 16 images");
  }
}
