package dev.synthserve.conformance;

import dev.synthserve.ColumnData;
import dev.synthserve.Image;
import dev.synthserve.RowBatch;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javax.imageio.ImageIO;

/** What stands for the samples of a stream, however they were cut. */
final class Digests {
  private Digests() {}

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has it", e);
    }
  }

  static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The digest of rows that come batch by batch. */
  static final class Table {
    private final List<MessageDigest> columns = new ArrayList<>();

    Table(int columns) {
      for (int column = 0; column < columns; column++) {
        this.columns.add(sha256());
      }
    }

    void update(RowBatch batch) {
      for (int column = 0; column < columns.size(); column++) {
        columns.get(column).update(encoded(batch.columns().get(column)));
      }
    }

    String hex() {
      MessageDigest whole = sha256();
      columns.forEach(column -> whole.update(column.digest()));
      return Digests.hex(whole);
    }
  }

  private static ByteBuffer encoded(ColumnData column) {
    if (column instanceof ColumnData.Categories categories) {
      return encoded(categories);
    }
    ByteBuffer bytes = little(column.size() * (1 + Long.BYTES));
    for (int row = 0; row < column.size(); row++) {
      if (column.isMissing(row)) {
        bytes.put((byte) 0);
      } else if (column instanceof ColumnData.Doubles doubles) {
        bytes.put((byte) 1).putDouble(doubles.get(row));
      } else if (column instanceof ColumnData.Int64s int64s) {
        bytes.put((byte) 1).putLong(int64s.get(row));
      } else if (column instanceof ColumnData.Bools bools) {
        bytes.put((byte) 1).put((byte) (bools.get(row) ? 1 : 0));
      }
    }
    return bytes.flip();
  }

  private static ByteBuffer encoded(ColumnData.Categories column) {
    List<byte[]> cells = new ArrayList<>();
    int longest = 1;
    for (String category : column.column().getCategoriesList()) {
      byte[] text = category.getBytes(StandardCharsets.UTF_8);
      byte[] cell = new byte[1 + Integer.BYTES + text.length];
      ByteBuffer.wrap(cell)
          .order(ByteOrder.LITTLE_ENDIAN)
          .put((byte) 1)
          .putInt(text.length)
          .put(text);
      cells.add(cell);
      longest = Math.max(longest, cell.length);
    }
    ByteBuffer bytes = little(column.size() * longest);
    for (int row = 0; row < column.size(); row++) {
      if (column.isMissing(row)) {
        bytes.put((byte) 0);
      } else {
        bytes.put(cells.get(column.code(row)));
      }
    }
    return bytes.flip();
  }

  private static ByteBuffer little(int capacity) {
    return ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The pixels of a PNG image, rows from the top, channels last. */
  static byte[] pixels(Image image) {
    BufferedImage decoded;
    try {
      decoded = ImageIO.read(image.data().newInput());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var raster = decoded.getRaster();
    int[] samples = raster.getPixels(0, 0, raster.getWidth(), raster.getHeight(), (int[]) null);
    byte[] pixels = new byte[samples.length];
    for (int position = 0; position < samples.length; position++) {
      pixels[position] = (byte) samples[position];
    }
    return pixels;
  }
}
