package dev.synthserve;

/** The file format of encoded rows; see {@link Client#encodedRows}. */
public enum RowFormat {
  /** Arrow IPC streaming format, categories as dictionaries. */
  ARROW(dev.synthserve.v1.RowFormat.ROW_FORMAT_ARROW),
  /** CSV (RFC 4180, LF line ends, UTF-8) with a header line. */
  CSV(dev.synthserve.v1.RowFormat.ROW_FORMAT_CSV),
  /** One JSON object per line, UTF-8. */
  JSON_LINES(dev.synthserve.v1.RowFormat.ROW_FORMAT_JSON_LINES);

  final dev.synthserve.v1.RowFormat wire;

  RowFormat(dev.synthserve.v1.RowFormat wire) {
    this.wire = wire;
  }
}
