#include "resume.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "thrown.h"

namespace synthserve::detail {
namespace {

const Head kHead{.model = "models/m/versions/3", .seed = 7, .schema = "schema"};
const Error kAway(Code::unavailable, "away");

Resume begun(Ask ask = {.model = "models/m", .count = 10}) {
  Resume resume(std::move(ask), {});
  resume.accept(kHead, resume.next_index(), 4);
  return resume;
}

TEST(Resume, AsksFirstForWhatWasWanted) {
  const Ask ask{.model = "models/m", .count = 10, .seed = 7, .offset = 5};
  EXPECT_EQ(Resume(ask, {}).ask(), ask);
  const Ask endless{.model = "models/m"};
  EXPECT_EQ(Resume(endless, {}).ask(), endless);
}

TEST(Resume, BeforeItsStartNothingIsSettled) {
  const Ask ask{.model = "models/m", .count = 10};
  Resume resume(ask, {});
  EXPECT_TRUE(resume.broken(kAway, 0));
  EXPECT_EQ(resume.ask(), ask);
}

TEST(Resume, AsksForTheRestOfTheSameVersionAndSeed) {
  auto resume = begun({.model = "models/m", .count = 10, .offset = 100});
  EXPECT_TRUE(resume.broken(kAway, 0));
  EXPECT_EQ(resume.ask(), (Ask{.model = kHead.model, .count = 6, .seed = 7, .offset = 104}));
}

TEST(Resume, WithoutACountItGoesOnWithoutOne) {
  auto resume = begun({.model = "models/m"});
  EXPECT_EQ(resume.ask(), (Ask{.model = kHead.model, .seed = 7, .offset = 4}));
}

TEST(Resume, EndsWhenAllHasCome) {
  auto resume = begun();
  EXPECT_EQ(thrown_code([&] { resume.finish(); }), Code::internal);
  resume.accept(std::nullopt, 4, 6);
  EXPECT_NO_THROW(resume.finish());
  EXPECT_EQ(resume.broken(Error(Code::internal, "too late to matter"), 0), std::nullopt);
}

TEST(Resume, AnEmptyStreamNeedsItsFirstMessage) {
  Resume resume({.model = "models/m", .count = 0}, {});
  EXPECT_EQ(thrown_code([&] { resume.finish(); }), Code::internal);
  EXPECT_TRUE(resume.broken(kAway, 0));
  resume.accept(kHead, 0, 0);
  EXPECT_NO_THROW(resume.finish());
}

TEST(Resume, WithoutACountItEndsAtTheLastIndexOnly) {
  auto resume = begun({.model = "models/m", .offset = kEndOfIndices - 10});
  EXPECT_EQ(thrown_code([&] { resume.finish(); }), Code::internal);
  resume.accept(std::nullopt, kEndOfIndices - 6, 6);
  EXPECT_NO_THROW(resume.finish());
  EXPECT_EQ(resume.broken(Error(Code::out_of_range, "no more"), 0), std::nullopt);
}

TEST(Resume, RefusesWhatDoesNotFollow) {
  const auto refused = [](std::optional<Head> head, std::int64_t first_index, std::int64_t size) {
    auto resume = begun();
    return thrown_code([&] { resume.accept(std::move(head), first_index, size); });
  };
  EXPECT_EQ(refused(std::nullopt, 3, 1), Code::internal);
  EXPECT_EQ(refused(std::nullopt, 5, 1), Code::internal);
  EXPECT_EQ(refused(std::nullopt, 4, -1), Code::internal);
  EXPECT_EQ(refused(std::nullopt, 4, 7), Code::internal);
  EXPECT_EQ(refused(std::nullopt, 4, kEndOfIndices), Code::internal);
  EXPECT_EQ(refused(Head{.model = "models/m/versions/4", .seed = 7, .schema = "schema"}, 4, 1), Code::internal);
  EXPECT_EQ(refused(Head{.model = kHead.model, .seed = 8, .schema = "schema"}, 4, 1), Code::internal);
  EXPECT_EQ(refused(Head{.model = kHead.model, .seed = 7, .schema = "another"}, 4, 1), Code::internal);
  auto resume = begun();
  EXPECT_NO_THROW(resume.accept(kHead, 4, 6));
}

TEST(Resume, RefusesAFirstMessageThatDoesNotAnswer) {
  const auto refused = [](const Ask& ask, std::optional<Head> head) {
    Resume resume(ask, {});
    return thrown_code([&] { resume.accept(std::move(head), ask.offset, 1); });
  };
  EXPECT_EQ(refused({.model = "models/m"}, std::nullopt), Code::internal);
  EXPECT_EQ(refused({.model = "models/m/versions/2"}, kHead), Code::internal);
  EXPECT_EQ(refused({.model = "models/m", .seed = 8}, kHead), Code::internal);
  EXPECT_EQ(refused({.model = "models/m"}, Head{.model = "models/m"}), Code::internal);
  EXPECT_EQ(refused({.model = "models/m", .offset = kEndOfIndices}, kHead), Code::internal);
}

TEST(Resume, OtherErrorsEndItAndSayWhere) {
  auto resume = begun();
  const auto error = thrown([&] { resume.broken(Error(Code::internal, "a graph failed"), 0); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::internal);
  EXPECT_STREQ(error->what(), "a graph failed; the stream broke at index 4");
}

TEST(Resume, BeforeItsStartThereAreFewerAttempts) {
  Resume resume({.model = "models/m"}, {.start_attempts = 3, .resume_attempts = 5});
  EXPECT_TRUE(resume.broken(kAway, 0));
  EXPECT_TRUE(resume.broken(kAway, 0));
  const auto error = thrown([&] { resume.broken(kAway, 0); });
  ASSERT_TRUE(error);
  EXPECT_STREQ(error->what(), "away; gave up after 3 attempts");
}

TEST(Resume, AttemptsAreCountedSinceTheLastSample) {
  Resume resume({.model = "models/m"}, {.start_attempts = 3, .resume_attempts = 5});
  std::int64_t next = 0;
  EXPECT_TRUE(resume.broken(kAway, 0));
  EXPECT_TRUE(resume.broken(kAway, 0));
  for (int round = 0; round < 20; ++round) {
    resume.accept(kHead, next++, 1);
    for (int failure = 1; failure < 5; ++failure) {
      EXPECT_TRUE(resume.broken(kAway, 0));
      // A message without samples is no progress.
      resume.accept(kHead, next, 0);
    }
  }
  EXPECT_EQ(thrown_code([&] { resume.broken(kAway, 0); }), Code::unavailable);
}

// A server whose calls break anywhere, and have messages of any size.
class BreakingServer {
 public:
  explicit BreakingServer(unsigned seed) : random_(seed) {}

  // Serves one call; returns the error that it ends with, if any.
  std::optional<Error> serve(Resume& resume, std::vector<std::int64_t>& indices) {
    const auto ask = resume.ask();
    auto next = ask.offset;
    const auto end = ask.offset + *ask.count;
    auto head = std::optional(Head{.model = kHead.model, .seed = ask.seed.value_or(drawn_++), .schema = "schema"});
    do {
      if (upto(3) == 0) {
        return Error(Code::unavailable, "broke");
      }
      const auto size = upto(std::min<std::int64_t>(end - next, 9));
      resume.accept(std::exchange(head, std::nullopt), next, size);
      for (std::int64_t i = 0; i < size; ++i) {
        indices.push_back(next++);
      }
    } while (next < end);
    return upto(1) == 0 ? std::nullopt : std::optional(Error(Code::internal, "after the last"));
  }

 private:
  std::int64_t upto(std::int64_t most) { return std::uniform_int_distribution<std::int64_t>(0, most)(random_); }

  std::mt19937 random_;
  std::int64_t drawn_ = 1000;
};

TEST(Resume, NothingIsLostOrRepeatedWhereverItBreaks) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    const Ask ask{.model = "models/m", .count = seed % 41, .offset = seed % 7};
    Resume resume(ask, {.start_attempts = 1000, .resume_attempts = 1000});
    BreakingServer server(seed);
    std::vector<std::int64_t> indices;
    while (true) {
      const auto error = server.serve(resume, indices);
      if (!error) {
        resume.finish();
        break;
      }
      if (!resume.broken(*error, 0)) {
        break;
      }
    }
    std::vector<std::int64_t> expected(static_cast<std::size_t>(*ask.count));
    std::iota(expected.begin(), expected.end(), ask.offset);
    ASSERT_EQ(indices, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace synthserve::detail
