// SPDX-License-Identifier: MIT
#include "runtime/placement/known_settings.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

using lines = std::vector<std::string>;

namespace {

component_draft draft_of(component_kind kind, const std::string& class_id,
                         std::map<std::string, std::string> settings) {
  component_draft result;
  result.kind = kind;
  result.name = "c";
  result.class_id = class_id;
  result.settings = std::move(settings);
  return result;
}

lines unknown_of(component_kind kind, const std::string& class_id,
                 std::map<std::string, std::string> settings) {
  return unknown_settings(
    {{draft_of(kind, class_id, std::move(settings))}, {}});
}

lines missing_of(const std::string& class_id,
                 std::map<std::string, std::string> settings) {
  return missing_settings(
    draft_of(component_kind::resource, class_id, std::move(settings)));
}

} // namespace

TEST_CASE(
  "known settings: an unknown annotation is told with the nearest one") {
  CHECK(unknown_of(component_kind::function, "f", {{"init_payload", "x"}})
        == lines{"c: annotation \"init_payload\" is unknown and has no effect; "
                 "did you mean init-payload?"});
  CHECK(unknown_of(component_kind::function, "f", {{"colour", "x"}})
        == lines{"c: annotation \"colour\" is unknown and has no effect; begin "
                 "it with x- if it is your own"});
}

TEST_CASE("known settings: several instances are told to be one") {
  CHECK(unknown_of(component_kind::function, "f", {{"max_instances", "2"}})
        == lines{"c: annotation \"max_instances\" has no effect: there is one "
                 "instance"});
}

TEST_CASE("known settings: all annotations that are read are known") {
  CHECK(unknown_of(component_kind::function, "f",
                   {{"init-payload", ""},
                    {"max_instances", "1"},
                    {"node_id_match_any", ""},
                    {"label_match_all", ""},
                    {"resource_match_all", ""},
                    {"tee", ""},
                    {"tpm", ""},
                    {"state_policy", "Global"},
                    {"isolation", "shared"},
                    {"memory_limit_mib", "1"},
                    {"timeout_ms", "1"},
                    {"call_timeout_ms", "1"},
                    {"on_full.out", "block"},
                    {"delivery.out", "at-least-once"},
                    {"x-owner", "me"}})
          .empty());
}

TEST_CASE("known settings: configurations are known by the class of a "
          "resource") {
  CHECK(unknown_of(component_kind::resource, "file-log",
                   {{"filename", "a"},
                    {"add-timestamp", ""},
                    {"add-source-id", ""},
                    {"label_match_all", "x"},
                    {"x-y", ""}})
          .empty());
  CHECK(unknown_of(component_kind::resource, "file-log",
                   {{"filename", "a"}, {"add_timestamp", ""}})
        == lines{"c: configuration \"add_timestamp\" is unknown and has no "
                 "effect; did you mean add-timestamp?"});
  CHECK(unknown_of(component_kind::resource, "metrics-collector",
                   {{"alpha", "1"}, {"wf_name", "w"}, {"journal", "j"}})
          .empty());
  CHECK(
    unknown_of(component_kind::resource, "of-a-plugin", {{"any", ""}}).empty());
}

TEST_CASE("known settings: an annotation of the workflow is told") {
  CHECK(unknown_settings({{}, {{"owner", "me"}, {"x-owner", "me"}}})
        == lines{"annotation of the workflow \"owner\" is unknown and has no "
                 "effect; begin it with x- if it is your own"});
}

TEST_CASE("known settings: a class requires some of its configurations") {
  CHECK(missing_of("file-log", {{"filename", "a"}}).empty());
  CHECK(missing_of("file-log", {})
        == lines{"configuration filename is missing: resources of class "
                 "file-log need it"});
  CHECK(missing_of("redis", {{"url", ""}, {"key", "k"}})
        == lines{"configuration url is missing: resources of class redis need "
                 "it"});
  CHECK(missing_of("metrics-collector", {}).empty());
  CHECK(missing_of("of-a-plugin", {}).empty());
}
