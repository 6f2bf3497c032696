package dev.synthserve;

import com.google.protobuf.ByteString;

/**
 * A piece of an encoded stream of rows. Concatenated, all pieces are a valid file.
 *
 * @param firstIndex the index of the first row
 * @param rowCount the number of rows, at least 0
 * @param data the bytes; the first piece begins with the preamble of the format, such as the header
 *     line of CSV
 */
public record RowChunk(long firstIndex, long rowCount, ByteString data) {}
