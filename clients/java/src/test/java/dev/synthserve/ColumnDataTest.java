package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.synthserve.v1.BoolValues;
import dev.synthserve.v1.CategoryCodes;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ColumnBatch;
import dev.synthserve.v1.ColumnType;
import dev.synthserve.v1.ColumnValues;
import dev.synthserve.v1.DoubleValues;
import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.Int64Values;
import dev.synthserve.v1.TableSchema;
import io.grpc.Status.Code;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;

/** Typed columns, and rows of them. */
class ColumnDataTest {
  private static final List<Boolean> SECOND_MISSING = List.of(true, false);

  private static final TableSchema SCHEMA =
      TableSchema.newBuilder()
          .addColumns(column("ratio", ColumnType.COLUMN_TYPE_DOUBLE))
          .addColumns(column("id", ColumnType.COLUMN_TYPE_INT64))
          .addColumns(
              column("city", ColumnType.COLUMN_TYPE_CATEGORY)
                  .addCategories("Oslo")
                  .addCategories("東京"))
          .addColumns(column("open", ColumnType.COLUMN_TYPE_BOOL))
          .build();

  private static final ColumnBatch COLUMNS =
      ColumnBatch.newBuilder()
          .addColumns(doubles(0.5, 99).addAllValidity(SECOND_MISSING))
          .addColumns(int64s(Long.MAX_VALUE, Long.MIN_VALUE))
          .addColumns(categories(1, -1).addAllValidity(SECOND_MISSING))
          .addColumns(bools(true, true).addAllValidity(SECOND_MISSING))
          .build();

  private static Column.Builder column(String name, ColumnType type) {
    return Column.newBuilder().setName(name).setType(type);
  }

  private static ColumnValues.Builder doubles(double... values) {
    DoubleValues.Builder column = DoubleValues.newBuilder();
    for (double value : values) {
      column.addValues(value);
    }
    return ColumnValues.newBuilder().setDoubles(column);
  }

  private static ColumnValues.Builder int64s(long... values) {
    Int64Values.Builder column = Int64Values.newBuilder();
    for (long value : values) {
      column.addValues(value);
    }
    return ColumnValues.newBuilder().setInt64S(column);
  }

  private static ColumnValues.Builder categories(int... codes) {
    CategoryCodes.Builder column = CategoryCodes.newBuilder();
    for (int code : codes) {
      column.addCodes(code);
    }
    return ColumnValues.newBuilder().setCategories(column);
  }

  private static ColumnValues.Builder bools(boolean... values) {
    BoolValues.Builder column = BoolValues.newBuilder();
    for (boolean value : values) {
      column.addValues(value);
    }
    return ColumnValues.newBuilder().setBools(column);
  }

  private static RowBatch batch(ColumnBatch columns) {
    return RowBatch.of(
        GenerateRowsResponse.newBuilder()
            .setFirstIndex(40)
            .setRowCount(2)
            .setColumns(columns)
            .build(),
        SCHEMA);
  }

  @Test
  void givesTypedValues() {
    RowBatch batch = batch(COLUMNS);
    var ratio = assertInstanceOf(ColumnData.Doubles.class, batch.column("ratio"));
    assertEquals(0.5, ratio.get(0));
    assertArrayEquals(new double[] {0.5, Double.NaN}, ratio.toArray());
    var id = assertInstanceOf(ColumnData.Int64s.class, batch.column("id"));
    assertEquals(Long.MIN_VALUE, id.get(1));
    assertArrayEquals(new long[] {Long.MAX_VALUE, Long.MIN_VALUE}, id.toArray());
    assertFalse(id.hasMissing());
    var city = assertInstanceOf(ColumnData.Categories.class, batch.column("city"));
    assertEquals("東京", city.get(0));
    assertEquals(1, city.code(0));
    assertArrayEquals(new int[] {1, -1}, city.toCodeArray());
    var open = assertInstanceOf(ColumnData.Bools.class, batch.column("open"));
    assertTrue(open.get(0));
    assertArrayEquals(new boolean[] {true, false}, open.toArray());
  }

  @Test
  void refusesToGiveWhatIsMissing() {
    Row row = batch(COLUMNS).rows().get(1);
    assertTrue(row.isMissing("ratio"));
    assertThrows(NoSuchElementException.class, () -> row.getDouble("ratio"));
    assertThrows(NoSuchElementException.class, () -> row.getString("city"));
    assertThrows(NoSuchElementException.class, () -> row.getBoolean("open"));
    assertEquals(Long.MIN_VALUE, row.getLong("id"));
  }

  @Test
  void showsRows() {
    RowBatch batch = batch(COLUMNS);
    assertEquals(List.of(40L, 41L), batch.rows().stream().map(Row::index).toList());
    assertEquals(
        Map.of("ratio", 0.5, "id", Long.MAX_VALUE, "city", "東京", "open", true),
        batch.rows().get(0).toMap());
    Map<String, Object> second = new LinkedHashMap<>();
    second.put("ratio", null);
    second.put("id", Long.MIN_VALUE);
    second.put("city", null);
    second.put("open", null);
    assertEquals(second, batch.rows().get(1).toMap());
    assertEquals("41: " + second, batch.rows().get(1).toString());
    assertThrows(IndexOutOfBoundsException.class, () -> batch.rows().get(2));
  }

  @Test
  void refusesColumnsThatAreNotThereOrOfAnotherType() {
    Row row = batch(COLUMNS).rows().get(0);
    assertThrows(IllegalArgumentException.class, () -> row.get("height"));
    assertThrows(IllegalArgumentException.class, () -> row.getLong("ratio"));
  }

  @Test
  void refusesWhatDoesNotFitTheSchema() {
    assertRefused(ColumnBatch.newBuilder(COLUMNS).removeColumns(3));
    assertRefused(0, int64s(1, 2));
    assertRefused(0, ColumnValues.newBuilder());
    assertRefused(0, doubles(1));
    assertRefused(0, doubles(1, 2, 3));
    assertRefused(0, doubles(1, 2).addValidity(true));
    assertRefused(2, categories(0, 2));
    assertRefused(2, categories(-1, 0));
  }

  private static void assertRefused(int position, ColumnValues.Builder values) {
    assertRefused(ColumnBatch.newBuilder(COLUMNS).setColumns(position, values));
  }

  private static void assertRefused(ColumnBatch.Builder columns) {
    SynthserveException error =
        assertThrows(SynthserveException.class, () -> batch(columns.build()));
    assertEquals(Code.INTERNAL, error.code());
  }
}
