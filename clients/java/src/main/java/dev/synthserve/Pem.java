package dev.synthserve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** PEM text, in the encodings and with the line ends that editors write. */
final class Pem {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([^-]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);
  private static final Pattern HEADERS = Pattern.compile("\\A\\s*(?:[\\w-]+: ?[^\\r\\n]*\\R)+");

  private Pem() {}

  /**
   * A block between BEGIN and END.
   *
   * @param label the label of the BEGIN line
   * @param headers the lines before the content, as old encrypted keys have them
   * @param content the bytes; empty or damaged if the text is damaged
   */
  record Block(String label, String headers, ByteString content) {}

  /** Finds the blocks of a file, and ignores the text around them. */
  static List<Block> blocks(byte[] file) {
    List<Block> blocks = new ArrayList<>();
    Matcher block = BLOCK.matcher(text(file));
    while (block.find()) {
      String body = block.group(2);
      Matcher headers = HEADERS.matcher(body);
      int start = headers.find() ? headers.end() : 0;
      blocks.add(
          new Block(block.group(1), body.substring(0, start), decoded(body.substring(start))));
    }
    return blocks;
  }

  /** One block as the text of a file. */
  static String of(String label, byte[] content) {
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return "-----BEGIN " + label + "-----\n" + lines + "\n-----END " + label + "-----\n";
  }

  private static ByteString decoded(String base64) {
    try {
      return ByteString.copyFrom(Base64.getMimeDecoder().decode(base64));
    } catch (IllegalArgumentException e) {
      return ByteString.EMPTY;
    }
  }

  private static String text(byte[] file) {
    boolean utf16 =
        file.length > 1
            && ((file[0] == (byte) 0xfe && file[1] == (byte) 0xff)
                || (file[0] == (byte) 0xff && file[1] == (byte) 0xfe));
    // Non-ASCII text lies between the blocks, and a byte order mark before the first.
    return new String(file, utf16 ? UTF_16 : ISO_8859_1);
  }
}
