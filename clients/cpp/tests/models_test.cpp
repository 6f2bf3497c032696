#include <synthserve/client.h>

#include <limits>
#include <string>
#include <vector>

#include "fake_server.h"
#include "thrown.h"

namespace synthserve {
namespace {

TEST(Models, AreListedPageByPage) {
  FakeServer server;
  server.on_list = [](auto&, const auto& request, auto& response) {
    EXPECT_EQ(request.page_size(), 1000);
    const int page = request.page_token().empty() ? 0 : std::stoi(request.page_token());
    for (int i = 0; i < 2; ++i) {
      response.add_models()->set_version("models/m/versions/" + std::to_string(2 * page + i));
    }
    response.set_next_page_token(page < 2 ? std::to_string(page + 1) : "");
    return grpc::Status::OK;
  };
  const auto models = Client(server.target()).models();
  ASSERT_EQ(models.size(), 6U);
  for (std::size_t i = 0; i < models.size(); ++i) {
    EXPECT_EQ(models[i].version(), "models/m/versions/" + std::to_string(i));
  }
}

TEST(Models, AreListedWithoutCategoriesUnlessTheyAreWanted) {
  std::vector<v1::ModelView> asked;
  FakeServer server;
  server.on_list = [&](auto&, const auto& request, auto&) {
    asked.push_back(request.view());
    return grpc::Status::OK;
  };
  const Client client(server.target());
  client.models();
  client.models({.view = ModelView::full});
  EXPECT_EQ(asked, (std::vector{v1::MODEL_VIEW_BASIC, v1::MODEL_VIEW_FULL}));
  EXPECT_EQ(thrown_code([&] { client.models({.view = static_cast<ModelView>(99)}); }), Code::invalid_argument);
}

/// The pages of a table with a column and a condition of 3 categories each, and a condition on a column.
std::vector<v1::GetModelResponse> three_pages() {
  std::vector<v1::GetModelResponse> pages(3);
  auto& model = *pages[0].mutable_model();
  model.set_version(kVersion);
  auto& column = *model.mutable_table()->add_columns();
  column.set_name("city");
  column.set_type(v1::COLUMN_TYPE_CATEGORY);
  column.add_categories("Oslo");
  column.set_category_count(3);
  auto& own = *model.add_conditions();
  own.set_column("land");
  own.add_categories("NO");
  own.set_category_count(3);
  auto& of_column = *model.add_conditions();
  of_column.set_column("city");
  of_column.set_category_count(3);
  pages[1].mutable_part()->add_columns()->add_categories("Rome");
  pages[1].mutable_part()->add_conditions()->add_categories("IT");
  pages[2].mutable_part()->add_columns()->add_categories("Bern");
  pages[2].mutable_part()->add_conditions()->add_categories("CH");
  return pages;
}

/// A server that gives a model in pages.
void serve(FakeServer& server, const std::vector<v1::GetModelResponse>& pages) {
  server.on_get = [pages](auto&, const auto& request, auto& response) {
    EXPECT_EQ(request.name(), "models/m");
    const std::size_t page = request.page_token().empty() ? 0 : std::stoul(request.page_token());
    response = pages.at(page);
    response.set_next_page_token(page + 1 < pages.size() ? std::to_string(page + 1) : "");
    return grpc::Status::OK;
  };
}

TEST(Models, HaveAllTheirCategories) {
  FakeServer server;
  serve(server, three_pages());
  const auto model = Client(server.target()).model("m");
  EXPECT_EQ(model.version(), kVersion);
  const auto listed = [](const auto& described) {
    return std::vector<std::string>(described.categories().begin(), described.categories().end());
  };
  EXPECT_EQ(listed(model.table().columns(0)), (std::vector<std::string>{"Oslo", "Rome", "Bern"}));
  EXPECT_EQ(listed(model.conditions(0)), (std::vector<std::string>{"NO", "IT", "CH"}));
  EXPECT_EQ(listed(model.conditions(1)), std::vector<std::string>());
}

TEST(Models, PagesThatBreakTheRulesAreRefused) {
  const auto refused = [](auto&& change) {
    auto pages = three_pages();
    change(pages);
    FakeServer server;
    serve(server, pages);
    return thrown_code([&] { Client(server.target()).model("m"); });
  };
  const auto column = [](auto& pages) { return pages[1].mutable_part()->mutable_columns(0); };
  const auto condition = [](auto& pages) { return pages[1].mutable_part()->mutable_conditions(0); };
  EXPECT_EQ(refused([&](auto& p) { column(p)->set_index(1); }), Code::internal);
  EXPECT_EQ(refused([&](auto& p) { column(p)->set_index(-1); }), Code::internal);
  EXPECT_EQ(refused([&](auto& p) { column(p)->add_categories("Graz"); }), Code::internal);
  EXPECT_EQ(refused([&](auto& p) { column(p)->clear_categories(); }), Code::internal);
  EXPECT_EQ(refused([&](auto& p) { condition(p)->set_index(2); }), Code::internal);
  EXPECT_EQ(refused([&](auto& p) { condition(p)->add_categories("AT"); }), Code::internal);
  EXPECT_EQ(refused([&](auto& p) { condition(p)->clear_categories(); }), Code::internal);
  EXPECT_EQ(refused([&](auto& p) { p[0].mutable_model()->clear_table(); }), Code::internal);
  EXPECT_EQ(refused([&](auto& p) { p[1].clear_part(); }), Code::internal);
  EXPECT_EQ(refused([&](auto& p) { p.pop_back(); }), Code::internal);
}

TEST(Models, PagesWithoutEndEnd) {
  FakeServer server;
  server.on_get = [](auto&, auto&, auto& response) {
    response = three_pages()[0];
    response.set_next_page_token("again");
    return grpc::Status::OK;
  };
  EXPECT_EQ(thrown_code([&] { Client(server.target()).model("m"); }), Code::internal);
}

TEST(Models, OfOlderServersHaveNoCounts) {
  auto page = three_pages()[0];
  page.mutable_model()->mutable_table()->mutable_columns(0)->clear_category_count();
  page.mutable_model()->mutable_conditions(0)->clear_category_count();
  FakeServer server;
  serve(server, {page});
  EXPECT_EQ(Client(server.target()).model("m").table().columns(0).categories_size(), 1);
}

TEST(Models, OfNewerServersHaveUnknownNumbers) {
  v1::GetModelResponse page;
  page.mutable_model()->add_methods(static_cast<v1::Method>(99));
  page.mutable_model()->mutable_table()->add_columns()->set_type(static_cast<v1::ColumnType>(99));
  page.mutable_model()->add_conditions()->set_kind(static_cast<v1::ConditionKind>(99));
  FakeServer server;
  serve(server, {page});
  const auto model = Client(server.target()).model("m");
  EXPECT_EQ(static_cast<int>(model.methods(0)), 99);
  EXPECT_EQ(static_cast<int>(model.table().columns(0).type()), 99);
  EXPECT_EQ(static_cast<int>(model.conditions(0).kind()), 99);
}

}  // namespace
}  // namespace synthserve
