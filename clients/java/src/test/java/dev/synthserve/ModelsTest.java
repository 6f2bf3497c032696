package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.synthserve.v1.CategoryPart;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ColumnType;
import dev.synthserve.v1.ConditionKind;
import dev.synthserve.v1.ConditionSpec;
import dev.synthserve.v1.GetModelRequest;
import dev.synthserve.v1.GetModelResponse;
import dev.synthserve.v1.ImageSchema;
import dev.synthserve.v1.ListModelsRequest;
import dev.synthserve.v1.ListModelsResponse;
import dev.synthserve.v1.Method;
import dev.synthserve.v1.Model;
import dev.synthserve.v1.ModelServiceGrpc.ModelServiceImplBase;
import dev.synthserve.v1.SchemaPart;
import dev.synthserve.v1.TableSchema;
import io.grpc.Status.Code;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Descriptions of models, on one page and on several. */
@Timeout(60)
class ModelsTest {
  private static final Model TABLE =
      Model.newBuilder()
          .setName("models/m")
          .addMethods(Method.METHOD_GENERATE)
          .setTable(
              TableSchema.newBuilder()
                  .addColumns(
                      Column.newBuilder()
                          .setName("seen")
                          .setType(ColumnType.COLUMN_TYPE_TIMESTAMP)
                          .setUtc(true))
                  .addColumns(
                      Column.newBuilder()
                          .setName("city")
                          .setType(ColumnType.COLUMN_TYPE_CATEGORY)
                          .addCategories("Oslo")
                          .setCategoryCount(3)))
          .addConditions(
              ConditionSpec.newBuilder()
                  .setColumn("seen")
                  .setKind(ConditionKind.CONDITION_KIND_RANGE)
                  .setLow("2024-01-01T00:00:00Z"))
          .addConditions(
              ConditionSpec.newBuilder()
                  .setColumn("city")
                  .setKind(ConditionKind.CONDITION_KIND_SET)
                  .setCategoryCount(3))
          .build();

  private static final Model IMAGE =
      Model.newBuilder()
          .setName("models/m")
          .setImage(ImageSchema.newBuilder().setHeight(1).setWidth(1).setChannels(1))
          .addConditions(
              ConditionSpec.newBuilder().setColumn("digit").addCategories("0").setCategoryCount(3))
          .build();

  private static CategoryPart.Builder categories(int index, String... categories) {
    return CategoryPart.newBuilder().setIndex(index).addAllCategories(List.of(categories));
  }

  private static SchemaPart column(int index, String... categories) {
    return SchemaPart.newBuilder().addColumns(categories(index, categories)).build();
  }

  private static SchemaPart condition(int index, String... categories) {
    return SchemaPart.newBuilder().addConditions(categories(index, categories)).build();
  }

  /** One model, on as many pages as it takes; what is asked. */
  private static final class Pages extends ModelServiceImplBase {
    final List<GetModelRequest> asked = new ArrayList<>();
    final List<ListModelsRequest> listed = new ArrayList<>();
    private final Model model;
    private final List<SchemaPart> parts;
    private final boolean endless;

    Pages(Model model, List<SchemaPart> parts, boolean endless) {
      this.model = model;
      this.parts = parts;
      this.endless = endless;
    }

    @Override
    public void getModel(GetModelRequest request, StreamObserver<GetModelResponse> answer) {
      asked.add(request);
      int page = request.getPageToken().isEmpty() ? 0 : Integer.parseInt(request.getPageToken());
      GetModelResponse.Builder response = GetModelResponse.newBuilder();
      if (page == 0) {
        response.setModel(model);
      } else {
        response.setPart(parts.get((page - 1) % parts.size()));
      }
      if (page < parts.size() || endless) {
        response.setNextPageToken(Integer.toString(page + 1));
      }
      answer.onNext(response.build());
      answer.onCompleted();
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> answer) {
      listed.add(request);
      answer.onNext(ListModelsResponse.newBuilder().addModels(model).build());
      answer.onCompleted();
    }
  }

  private static Model described(Pages pages) {
    try (FakeServer server = FakeServer.of(pages);
        Client client = server.client()) {
      return client.model("m");
    }
  }

  @Test
  void aTableHasTheCategoriesOfAllPages() {
    Pages pages = new Pages(TABLE, List.of(column(1, "Rome"), column(1, "東京")), false);
    Model model = described(pages);
    assertEquals(List.of("Oslo", "Rome", "東京"), model.getTable().getColumns(1).getCategoriesList());
    assertEquals(TABLE.getConditionsList(), model.getConditionsList());
    assertEquals(TABLE.getMethodsList(), model.getMethodsList());
    assertEquals(
        List.of("", "1", "2"), pages.asked.stream().map(GetModelRequest::getPageToken).toList());
    assertEquals(
        List.of("models/m", "models/m", "models/m"),
        pages.asked.stream().map(GetModelRequest::getName).toList());
  }

  @Test
  void aConditionHasTheCategoriesOfAllPages() {
    Model model = described(new Pages(IMAGE, List.of(condition(0, "1", "2")), false));
    assertEquals(List.of("0", "1", "2"), model.getConditions(0).getCategoriesList());
    assertEquals(IMAGE.getImage(), model.getImage());
  }

  private static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of("column 'city': 1 of its 3", TABLE, List.of()),
        Arguments.of("column 'city': 2 of its 3", TABLE, List.of(column(1, "a"))),
        Arguments.of("more categories", TABLE, List.of(column(1, "a", "b", "c"))),
        Arguments.of("more categories", TABLE, List.of(column(0, "a"))),
        Arguments.of("number 2 of 2", TABLE, List.of(column(2, "a"))),
        Arguments.of("number -1 of 2", TABLE, List.of(column(-1, "a"))),
        Arguments.of(
            "condition 'city': 1 of its 3",
            TABLE,
            List.of(column(1, "a", "b"), condition(1, "Oslo"))),
        Arguments.of("number 0 of 0", IMAGE, List.of(column(0, "a"))),
        Arguments.of("number 1 of 1", IMAGE, List.of(condition(1, "a"))),
        Arguments.of("condition 'digit': 1 of its 3", IMAGE, List.of()),
        Arguments.of("without categories", TABLE, List.of(SchemaPart.getDefaultInstance())),
        Arguments.of("without categories", TABLE, List.of(column(1))));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void partsThatBreakTheRulesAreAnError(String why, Model model, List<SchemaPart> parts) {
    SynthserveException error =
        assertThrows(SynthserveException.class, () -> described(new Pages(model, parts, false)));
    assertEquals(Code.INTERNAL, error.code());
    assertTrue(error.getMessage().contains(why), error.getMessage());
  }

  @Test
  void pagesWithoutEndAreAnError() {
    Pages pages = new Pages(TABLE, List.of(column(1, "a")), true);
    SynthserveException error = assertThrows(SynthserveException.class, () -> described(pages));
    assertTrue(error.getMessage().contains("more categories"), error.getMessage());
    assertEquals(4, pages.asked.size());
  }

  @Test
  void aListLeavesCategoriesOutUnlessAskedFor() {
    Pages pages = new Pages(TABLE, List.of(), false);
    try (FakeServer server = FakeServer.of(pages);
        Client client = server.client()) {
      assertEquals(List.of(TABLE), client.models());
      client.models(Duration.ofMinutes(1));
      client.models(ModelView.FULL);
      client.models(ModelView.FULL, Duration.ofMinutes(1));
    }
    dev.synthserve.v1.ModelView basic = dev.synthserve.v1.ModelView.MODEL_VIEW_BASIC;
    dev.synthserve.v1.ModelView full = dev.synthserve.v1.ModelView.MODEL_VIEW_FULL;
    assertEquals(
        List.of(basic, basic, full, full),
        pages.listed.stream().map(ListModelsRequest::getView).toList());
  }

  @Test
  void whatANewerServerSaysIsKept() {
    Model.Builder newer =
        Model.newBuilder()
            .setName("models/m")
            .addMethodsValue(99)
            .addConditions(ConditionSpec.newBuilder().setColumn("c").setKindValue(99));
    newer.getTableBuilder().addColumns(Column.newBuilder().setName("c").setTypeValue(99));
    Model model = described(new Pages(newer.build(), List.of(), false));
    assertEquals(newer.build(), model);
    assertEquals(Method.UNRECOGNIZED, model.getMethods(0));
    assertEquals(ConditionKind.UNRECOGNIZED, model.getConditions(0).getKind());
    assertEquals(ColumnType.UNRECOGNIZED, model.getTable().getColumns(0).getType());
  }
}
