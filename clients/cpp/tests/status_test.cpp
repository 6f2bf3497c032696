#include "status.h"

#include <google/protobuf/any.pb.h>

#include "synthserve/client/error_details.pb.h"
#include "thrown.h"

namespace synthserve::detail {
namespace {

template <typename Message>
void add(client::Status& status, const std::string& name, const Message& message) {
  auto* packed = status.add_details();
  packed->set_type_url("type.googleapis.com/google.rpc." + name);
  packed->set_value(message.SerializeAsString());
}

client::ErrorInfo info(const std::string& reason) {
  client::ErrorInfo info;
  info.set_reason(reason);
  return info;
}

std::chrono::milliseconds delay_of(std::int64_t seconds, std::int32_t nanos) {
  client::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(seconds);
  retry.mutable_retry_delay()->set_nanos(nanos);
  client::Status status;
  add(status, "RetryInfo", retry);
  return error_from({.code = Code::unavailable, .message = "away", .details = status.SerializeAsString()},
                    {.target = "t"})
      .details()
      .retry_delay.value();
}

TEST(Status, EveryDetailIsRead) {
  client::Status status;
  auto error_info = info("SOMETHING");
  (*error_info.mutable_metadata())["role"] = "admin";
  add(status, "ErrorInfo", error_info);
  client::BadRequest request;
  for (const auto* field : {"count", "seed"}) {
    auto* violation = request.add_field_violations();
    violation->set_field(field);
    violation->set_description("is wrong");
  }
  add(status, "BadRequest", request);
  client::ResourceInfo resource;
  resource.set_resource_name("models/nothing");
  add(status, "ResourceInfo", resource);
  client::QuotaFailure quota;
  quota.add_violations()->set_subject("server");
  add(status, "QuotaFailure", quota);
  client::PreconditionFailure precondition;
  auto* violation = precondition.add_violations();
  violation->set_type("MODEL");
  violation->set_subject("models/m/versions/1");
  violation->set_description("mend it");
  add(status, "PreconditionFailure", precondition);
  add(status, "SomethingNew", resource);

  const auto error = error_from(
      {.code = Code::failed_precondition, .message = "no", .details = status.SerializeAsString(), .request_id = "id"},
      {.target = "localhost:1"});
  EXPECT_EQ(error.code(), Code::failed_precondition);
  EXPECT_STREQ(error.what(), "no");
  EXPECT_EQ(error.reason(), "SOMETHING");
  const auto& details = error.details();
  EXPECT_EQ(details.metadata.at("role"), "admin");
  EXPECT_EQ(details.request_id, "id");
  ASSERT_EQ(details.fields.size(), 2U);
  EXPECT_EQ(details.fields[1].field, "seed");
  EXPECT_EQ(details.fields[1].description, "is wrong");
  EXPECT_EQ(details.resource, "models/nothing");
  EXPECT_EQ(details.retry_delay, std::nullopt);
  ASSERT_EQ(details.quotas.size(), 1U);
  EXPECT_EQ(details.quotas[0].subject, "server");
  ASSERT_EQ(details.preconditions.size(), 1U);
  EXPECT_EQ(details.preconditions[0].type, "MODEL");
  EXPECT_EQ(details.preconditions[0].subject, "models/m/versions/1");
  EXPECT_EQ(details.preconditions[0].description, "mend it");
}

TEST(Status, DelaysAreRoundedUpAndBounded) {
  EXPECT_EQ(delay_of(1, 0), std::chrono::seconds(1));
  EXPECT_EQ(delay_of(0, 1), std::chrono::milliseconds(1));
  EXPECT_EQ(delay_of(2, 500'000'001), std::chrono::milliseconds(2501));
  EXPECT_EQ(delay_of(-5, -5), std::chrono::milliseconds(0));
  EXPECT_EQ(delay_of(-5, 500'000'000), std::chrono::milliseconds(0));
  EXPECT_EQ(delay_of(1, 2'147'483'647), std::chrono::milliseconds(3148));
  EXPECT_EQ(delay_of(1'000'000'000'000'000, -1), std::chrono::hours(24 * 365));
  EXPECT_EQ(delay_of(std::numeric_limits<std::int64_t>::max(), 0), std::chrono::hours(24 * 365));
}

TEST(Status, WithoutDetailsItNamesTheServer) {
  const auto error = error_from({.code = Code::unavailable, .message = "connection reset"}, {.target = "localhost:1"});
  EXPECT_STREQ(error.what(), "localhost:1: connection reset");
  EXPECT_EQ(error.reason(), "");
  EXPECT_STREQ(error_from({.code = Code::unknown, .message = ""}, {.target = "t"}).what(), "t: UNKNOWN");
}

TEST(Status, DetailsThatAreNoneAreLeftOut) {
  const auto error = error_from({.code = Code::not_found, .message = "no", .details = "\xff\xff"}, {.target = "t"});
  EXPECT_EQ(error.code(), Code::not_found);
  EXPECT_EQ(error.reason(), "");
}

TEST(Status, ACallThatNobodyCancelledIsUnavailable) {
  EXPECT_EQ(error_from({.code = Code::cancelled, .message = "dropped"}, {.target = "t"}).code(), Code::unavailable);
  client::Status status;
  add(status, "ErrorInfo", info("CANCELLED"));
  EXPECT_EQ(
      error_from({.code = Code::cancelled, .message = "no", .details = status.SerializeAsString()}, {.target = "t"})
          .code(),
      Code::cancelled);
}

TEST(Status, AFaultOfTheServerNamesTheRequest) {
  client::Status status;
  add(status, "ErrorInfo", info("INTERNAL"));
  const auto error = error_from(
      {.code = Code::internal, .message = "a bug", .details = status.SerializeAsString(), .request_id = "id"},
      {.target = "t"});
  EXPECT_STREQ(error.what(), "a bug (request id)");
}

TEST(Status, CodesAreNamedAsByGrpc) {
  EXPECT_EQ(to_string(Code::cancelled), "CANCELLED");
  EXPECT_EQ(to_string(Code::not_found), "NOT_FOUND");
  EXPECT_EQ(to_string(Code::unauthenticated), "UNAUTHENTICATED");
}

}  // namespace
}  // namespace synthserve::detail
