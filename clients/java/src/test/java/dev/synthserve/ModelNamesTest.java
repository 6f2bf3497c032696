package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.Status.Code;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelNamesTest {
  @ParameterizedTest
  @CsvSource({
    "iris-vae, models/iris-vae",
    "iris-vae@2, models/iris-vae/versions/2",
    "iris-vae@002, models/iris-vae/versions/2",
    "iris-vae@0, models/iris-vae/versions/0",
    "iris-vae@000, models/iris-vae/versions/0",
    "iris-vae@999999999999999999, models/iris-vae/versions/999999999999999999",
    "models/iris-vae, models/iris-vae",
    "models/iris-vae/versions/2, models/iris-vae/versions/2",
    "models/what the server refuses, models/what the server refuses",
  })
  void readsWhatPeopleType(String name, String resource) {
    assertEquals(resource, ModelNames.resource(name));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "@",
        "@1",
        "iris@",
        "iris@x",
        "iris@-1",
        "iris@1@2",
        "iris/1",
        "iris@1000000000000000000"
      })
  void refusesOthers(String name) {
    SynthserveException refused =
        assertThrows(SynthserveException.class, () -> RowsRequest.builder(name));
    assertEquals(Code.INVALID_ARGUMENT, refused.code());
    assertEquals("model", refused.fieldViolations().get(0).getField());
  }
}
