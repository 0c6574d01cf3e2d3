// SPDX-License-Identifier: MIT
#include "tools/loadgen/dataset.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "tools/loadgen/result.hpp"

#include "runtime/base/files.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::benchmark;

namespace {

dataset open(const folder& here, const dataset_prefix& prefix, bool append) {
  auto result
    = dataset::open((here / "out/x.csv").string(), prefix, "a,b", append);
  REQUIRE(result);
  return std::move(*result);
}

std::string content(const folder& here) {
  return *read_file(here / "out/x.csv", 1000);
}

} // namespace

TEST_CASE("dataset: additional fields precede the seed") {
  auto x = make_prefix("h_a,h_b", "a,b", 42);
  REQUIRE(x);
  CHECK(x->header == "h_a,h_b,seed,");
  CHECK(x->fields == "a,b,42,");
  CHECK(make_prefix("", "", 7)->fields == "7,");
  CHECK(make_prefix(",h,", "a", 7)->header == "h,seed,");
}

TEST_CASE("dataset: the files of EDGELESS 1.0 have no seed") {
  auto x = make_plain_prefix("h_a,h_b", "a,b");
  REQUIRE(x);
  CHECK(x->header == "h_a,h_b,");
  CHECK(x->fields == "a,b,");
  CHECK(make_plain_prefix("", "")->header == ",");
  CHECK(!make_plain_prefix("h", "a,b"));
}

TEST_CASE("dataset: refuses additional fields without a name") {
  CHECK(!make_prefix("h", "a,b", 42));
  CHECK(!make_prefix("", "a", 42));
}

TEST_CASE("dataset: the header is written once, even when appending") {
  folder here;
  dataset_prefix prefix{"seed,", "42,"};
  for (int i = 0; i < 2; ++i) {
    auto x = open(here, prefix, true);
    x.add("1,2");
    CHECK(!x.flush());
  }
  CHECK(content(here) == "seed,a,b\n42,1,2\n42,1,2\n");
  CHECK(!open(here, prefix, false).flush());
  CHECK(content(here) == "seed,a,b\n");
}

TEST_CASE("dataset: an unwritable file is an error, an empty name is not") {
  dataset_prefix prefix{"seed,", "42,"};
  CHECK(!dataset::open("/dev/full", prefix, "a", false));
  auto none = dataset::open("", prefix, "a", false);
  REQUIRE(none);
  none->add("1");
  CHECK(!none->flush());
}

TEST_CASE("dataset: rows have the format of EDGELESS") {
  CHECK(sample_row('w', "wf0", "142,1718281000.5") == "w,wf0,142,1718281000.5");
  CHECK(event_row(1.25, "workflow:end", "wf0", "")
        == "1.250000,workflow:end,wf0,");
}

TEST_CASE("dataset: requests and responses have the JSON of EDGELESS") {
  workflow_spec spec;
  component_draft f, r;
  f.name = "f";
  f.class_id = "noop";
  f.function_type = "RUST_WASM";
  f.outputs = {"out"};
  f.output_mapping["out"] = "log";
  r.kind = component_kind::resource;
  r.name = "log";
  r.class_id = "file-log";
  spec.components = {f, r};
  CHECK(benchmark::json_of(spec)
        == R"({"functions":[{"name":"f","class_specification":{"id":"noop",)"
           R"("function_type":"RUST_WASM","version":"","code":"",)"
           R"("outputs":["out"]},"output_mapping":{"out":"log"},)"
           R"("annotations":{}}],"resources":[{"name":"log",)"
           R"("class_type":"file-log","output_mapping":{},)"
           R"("configurations":{}}],"annotations":{}})");
  workflow_status status;
  status.domain = "d";
  status.components.emplace_back().name = "f";
  auto nil = to_string(logical_id{});
  CHECK(benchmark::json_of(status)
        == R"({"WorkflowInstance":{"workflow_id":{"workflow_id":")" + nil
             + R"("},"domain_mapping":[{"name":"f","function_id":")" + nil
             + R"(","domain_id":"d"}]}})");
  CHECK(benchmark::json_of(fail(ec::bad_input, "why"))
          .starts_with(R"({"ResponseError":{"summary":)"));
}

TEST_CASE("load result: the final report has the lines of EDGELESS and the "
          "ledger") {
  load_result x;
  x.requested = 4;
  x.started = 3;
  x.journals = 3;
  x.ledger.sent = 10;
  x.ledger.lost = 1;
  auto text = text_of(x);
  for (auto line :
       {"workflow requested   = 4\n", "workflow started     = 3\n",
        "blocking probability = 0.25\n", "transactions sent    = 10\n",
        "  lost               = 1\n"})
    CHECK_MESSAGE(text.find(line) != std::string::npos, line);
}

TEST_CASE("load result: without journals no transaction counts as handled") {
  load_result x;
  CHECK(text_of(x).find("no workflow has a metrics-collector")
        != std::string::npos);
  x.unknown_because = "Redis is down";
  CHECK(text_of(x).find("unknown: Redis is down") != std::string::npos);
  CHECK(json_of(x).find("unknown_because") != std::string::npos);
  CHECK(x.blocking_probability() == 0);
}
