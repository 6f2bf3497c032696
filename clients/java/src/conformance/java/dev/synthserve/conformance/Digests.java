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
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javax.imageio.ImageIO;

/** Digests of the samples of a stream; they do not depend on the size of batches. */
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

  /** The digest of rows, batch by batch. */
  static final class Table {
    private final List<MessageDigest> columns = new ArrayList<>();

    Table(int columns) {
      for (int column = 0; column < columns; column++) {
        this.columns.add(sha256());
      }
    }

    void update(RowBatch batch) {
      for (int column = 0; column < columns.size(); column++) {
        ColumnData data = batch.columns().get(column);
        for (int row = 0; row < data.size(); row++) {
          columns.get(column).update(encoded(data.value(row)));
        }
      }
    }

    String hex() {
      MessageDigest whole = sha256();
      columns.forEach(column -> whole.update(column.digest()));
      return Digests.hex(whole);
    }
  }

  /** The bytes of a value in the digest of its column. */
  private static ByteBuffer encoded(Object value) {
    if (value == null) {
      return ByteBuffer.wrap(new byte[] {0});
    }
    if (value instanceof Boolean truth) {
      return cell(1).put((byte) (truth ? 1 : 0)).flip();
    }
    if (value instanceof String text) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return cell(Integer.BYTES + bytes.length).putInt(bytes.length).put(bytes).flip();
    }
    if (value instanceof LocalDate date) {
      return cell(Integer.BYTES).putInt((int) date.toEpochDay()).flip();
    }
    return cell(Long.BYTES).putLong(bits(value)).flip();
  }

  private static long bits(Object value) {
    if (value instanceof Double number) {
      return Double.doubleToRawLongBits(number);
    }
    if (value instanceof Instant time) {
      return time.getEpochSecond() * 1_000_000 + time.getNano() / 1_000;
    }
    if (value instanceof LocalDateTime time) {
      return bits(time.toInstant(ZoneOffset.UTC));
    }
    return (Long) value;
  }

  private static ByteBuffer cell(int size) {
    return ByteBuffer.allocate(1 + size).order(ByteOrder.LITTLE_ENDIAN).put((byte) 1);
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
