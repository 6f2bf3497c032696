package dev.synthserve;

import com.google.protobuf.ByteString;

/**
 * A piece of an encoded stream of rows. All pieces, written one after the other, are a valid file.
 *
 * @param firstIndex the index of its first row
 * @param rowCount how many rows it holds, at least 0
 * @param data the bytes; the first piece begins with what the format has before its rows, such as
 *     the header line of CSV
 */
public record RowChunk(long firstIndex, long rowCount, ByteString data) {}
