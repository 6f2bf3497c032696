package dev.synthserve;

import com.google.protobuf.ByteString;
import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.RowStreamInfo;
import dev.synthserve.v1.SchemaPart;
import java.util.Iterator;

/**
 * The responses of one call for rows. Joins a schema and preamble that the server sent in parts
 * into the first response.
 */
final class RowResponses implements Iterator<GenerateRowsResponse> {
  private final Iterator<GenerateRowsResponse> responses;
  private boolean begun;

  RowResponses(Iterator<GenerateRowsResponse> responses) {
    this.responses = responses;
  }

  @Override
  public boolean hasNext() {
    return responses.hasNext();
  }

  /**
   * Waits for the next response.
   *
   * @throws SynthserveException if a part is missing, misplaced or invalid
   */
  @Override
  public GenerateRowsResponse next() {
    GenerateRowsResponse response = responses.next();
    if (response.hasPart()) {
      throw SynthserveException.protocol("a part of the schema came that was not announced");
    }
    if (begun) {
      return response;
    }
    begun = true;
    return response.hasInfo() ? complete(response) : response;
  }

  private GenerateRowsResponse complete(GenerateRowsResponse first) {
    int parts = first.getInfo().getPartCount();
    if (parts > 0 && first.getRowCount() != 0) {
      throw SynthserveException.protocol("rows came before the whole schema");
    }
    RowStreamInfo.Builder info = first.getInfo().toBuilder().clearPartCount();
    for (int missing = parts; missing > 0; missing--) {
      SchemaPart part = nextPart(missing);
      SchemaParts.append(info.getSchemaBuilder(), part);
      info.setPreamble(joined(info.getPreamble(), part.getPreamble()));
    }
    SchemaParts.requireAll(info.getSchemaOrBuilder());
    return first.toBuilder().setInfo(info).build();
  }

  private SchemaPart nextPart(int missing) {
    GenerateRowsResponse response =
        responses.hasNext() ? responses.next() : GenerateRowsResponse.getDefaultInstance();
    if (!response.hasPart() || response.getRowCount() != 0) {
      throw SynthserveException.protocol(missing + " parts of the schema are missing");
    }
    return response.getPart();
  }

  private static ByteString joined(ByteString preamble, ByteString more) {
    if (more.size() > Integer.MAX_VALUE - preamble.size()) {
      throw SynthserveException.protocol("the preamble is too large");
    }
    return preamble.concat(more);
  }
}
