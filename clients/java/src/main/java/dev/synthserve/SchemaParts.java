package dev.synthserve;

import dev.synthserve.v1.CategoryPart;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ColumnOrBuilder;
import dev.synthserve.v1.ConditionSpec;
import dev.synthserve.v1.ConditionSpecOrBuilder;
import dev.synthserve.v1.Model;
import dev.synthserve.v1.SchemaPart;
import dev.synthserve.v1.TableSchema;
import dev.synthserve.v1.TableSchemaOrBuilder;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * Joins the categories of a large schema, which the server sends in parts. Pure.
 *
 * <p>The server announces the number of categories first, so that it cannot send them without end.
 * A count of 0 means that the server does not announce the number, and sends no parts.
 */
final class SchemaParts {
  private SchemaParts() {}

  /** The categories of a column or a condition received so far. */
  private record Categories(String of, int came, int count, Consumer<Iterable<String>> append) {
    Categories(Column.Builder column) {
      this(
          name(column),
          column.getCategoriesCount(),
          column.getCategoryCount(),
          column::addAllCategories);
    }

    Categories(ConditionSpec.Builder condition) {
      this(
          name(condition),
          condition.getCategoriesCount(),
          condition.getCategoryCount(),
          condition::addAllCategories);
    }
  }

  /** Whether a part has anything to append. */
  static boolean hasCategories(SchemaPart part) {
    return Stream.of(part.getColumnsList(), part.getConditionsList())
        .flatMap(List::stream)
        .anyMatch(categories -> categories.getCategoriesCount() > 0);
  }

  /**
   * Appends a part to the schema of a stream.
   *
   * @throws SynthserveException if the part is invalid
   */
  static void append(TableSchema.Builder schema, SchemaPart part) {
    append(
        part.getColumnsList(),
        schema.getColumnsCount(),
        index -> new Categories(schema.getColumnsBuilder(index)));
    if (part.getConditionsCount() > 0) {
      throw SynthserveException.protocol("the schema of a stream has no conditions");
    }
  }

  /**
   * Appends a part to a model.
   *
   * @throws SynthserveException if the part is invalid
   */
  static void append(Model.Builder model, SchemaPart part) {
    append(
        part.getColumnsList(),
        model.getTableOrBuilder().getColumnsCount(),
        index -> new Categories(model.getTableBuilder().getColumnsBuilder(index)));
    append(
        part.getConditionsList(),
        model.getConditionsCount(),
        index -> new Categories(model.getConditionsBuilder(index)));
  }

  private static void append(
      List<CategoryPart> parts, int lists, IntFunction<Categories> categoriesAt) {
    for (CategoryPart part : parts) {
      if (part.getIndex() < 0 || part.getIndex() >= lists) {
        throw SynthserveException.protocol(
            "categories came for number %s of %s".formatted(part.getIndex(), lists));
      }
      Categories categories = categoriesAt.apply(part.getIndex());
      if ((long) categories.came() + part.getCategoriesCount() > categories.count()) {
        throw SynthserveException.protocol(
            "%s: more categories came than the %s that were told"
                .formatted(categories.of(), categories.count()));
      }
      categories.append().accept(part.getCategoriesList());
    }
  }

  /**
   * Checks that all categories of a table were received.
   *
   * @throws SynthserveException if categories are missing
   */
  static void requireAll(TableSchemaOrBuilder schema) {
    for (ColumnOrBuilder column : schema.getColumnsOrBuilderList()) {
      requireAll(name(column), column.getCategoriesCount(), column.getCategoryCount());
    }
  }

  /**
   * Checks that all categories of a model were received.
   *
   * @throws SynthserveException if categories are missing
   */
  static void requireAll(Model.Builder model) {
    requireAll(model.getTableOrBuilder());
    for (ConditionSpecOrBuilder condition : model.getConditionsOrBuilderList()) {
      // In a table the categories of a condition can be those of the column.
      if (condition.getCategoriesCount() > 0 || !model.hasTable()) {
        requireAll(name(condition), condition.getCategoriesCount(), condition.getCategoryCount());
      }
    }
  }

  private static void requireAll(String of, int came, int count) {
    if (count != 0 && came != count) {
      throw SynthserveException.protocol(
          "%s: %s of its %s categories came".formatted(of, came, count));
    }
  }

  private static String name(ColumnOrBuilder column) {
    return "column '" + column.getName() + "'";
  }

  private static String name(ConditionSpecOrBuilder condition) {
    return "condition '" + condition.getColumn() + "'";
  }
}
