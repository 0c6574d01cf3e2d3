// SPDX-License-Identifier: MIT
#include "runtime/config/settings_reader.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace edgeless;

namespace {

/// The problems of a document that `body` has read.
std::string problems_of(std::string_view text,
                        const std::function<void(settings_section&)>& body) {
  auto document = parse_toml(text);
  REQUIRE(document);
  problem_list problems{"x.toml"};
  settings_section root{&*document, "", 1, problems};
  body(root);
  root.report_unknown_keys();
  auto error = problems.to_error();
  return error ? explain(error) : "";
}

} // namespace

TEST_CASE("settings reader: present values replace the defaults") {
  std::string text = "default";
  bool flag = false;
  std::uint32_t count = 0;
  double ratio = 0;
  std::vector<std::string> names;
  auto problems = problems_of("flag = true\ncount = 3\nratio = 2\n"
                              "names = ['a', 'b']\n",
                              [&](settings_section& root) {
                                root.read("text", text);
                                root.read("flag", flag);
                                root.read("count", count, 0, 9);
                                root.read("ratio", ratio, 0, 9);
                                root.read("names", names);
                              });

  CHECK(problems == "");
  CHECK(text == "default");
  CHECK(flag);
  CHECK(count == 3);
  CHECK(ratio == 2);
  CHECK(names == std::vector<std::string>{"a", "b"});
}

TEST_CASE("settings reader: a value of the wrong type is reported with the "
          "accepted type") {
  std::string text;
  bool flag = false;
  std::uint32_t count = 0;
  double ratio = 0;
  std::vector<std::string> names;
  auto problems = problems_of(
    "text = 1\nflag = 'yes'\ncount = 1.5\nratio = '1'\nnames = ['a', 1]\n",
    [&](settings_section& root) {
      root.read("text", text);
      root.read("flag", flag);
      root.read("count", count, 0, 9);
      root.read("ratio", ratio, 0, 9);
      root.read("names", names);
    });

  CHECK(problems
        == "x.toml:1: text: must be a string, not an integer\n"
           "x.toml:2: flag: must be true or false, not a string\n"
           "x.toml:3: count: must be an integer from 0 to 9, not a number\n"
           "x.toml:4: ratio: must be a number from 0 to 9, not a string\n"
           "x.toml:5: names: must be an array of strings, but has an integer");
}

TEST_CASE("settings reader: a number out of range is reported with the range") {
  std::uint32_t count = 7;
  double ratio = 7;
  auto problems
    = problems_of("count = -1\nratio = nan\n", [&](settings_section& root) {
        root.read("count", count, 0, 9);
        root.read("ratio", ratio, 0, 0.5);
      });

  CHECK(problems
        == "x.toml:1: count: must be an integer from 0 to 9, not -1\n"
           "x.toml:2: ratio: must be a number from 0 to 0.5, not nan");
  CHECK(count == 7);
  CHECK(ratio == 7);
}

TEST_CASE("settings reader: an unknown key is reported with the most similar "
          "accepted key") {
  bool flag = false;
  auto problems
    = problems_of("\n[wasm]\nenabeld = true\n", [&](settings_section& root) {
        auto section = root.section("wasm");
        section.read("enabled", flag);
        section.report_unknown_keys();
      });

  CHECK(problems
        == "x.toml:3: wasm.enabeld: is unknown; did you mean enabled?");
}

TEST_CASE("settings reader: an unknown key without a similar one is reported "
          "with all accepted keys") {
  bool flag = false;
  auto problems = problems_of("colour = 'red'\n", [&](settings_section& root) {
    root.read("enabled", flag);
    root.section("resources");
  });

  CHECK(problems
        == "x.toml:1: colour: is unknown; accepted here: enabled, resources");
}

TEST_CASE("settings reader: an absent section has no required keys") {
  std::string text;
  auto problems = problems_of("", [&](settings_section& root) {
    auto section = root.section("general");
    section.read("id", text, presence::required);
    section.report_unknown_keys();
    CHECK(!section.present());
  });

  CHECK(problems == "");
}

TEST_CASE(
  "settings reader: a missing required value is reported with its type") {
  std::string text;
  auto problems = problems_of("\n[general]\n", [&](settings_section& root) {
    root.section("general").read_url("url", text, presence::required);
  });

  CHECK(problems
        == "x.toml:2: general.url: is missing; it is a URL such as "
           "\"http://127.0.0.1:7001\"");
}

TEST_CASE("settings reader: each item of an array of tables is a section") {
  std::vector<std::string> names;
  auto problems
    = problems_of("xs = [ { name = 'a' },\n { name = 'b', size = 1 },\n 3 ]\n",
                  [&](settings_section& root) {
                    for (auto& x : root.sections("xs")) {
                      x.read("name", names.emplace_back());
                      x.report_unknown_keys();
                    }
                  });

  CHECK(names == std::vector<std::string>{"a", "b"});
  CHECK(problems
        == "x.toml:2: xs[1].size: is unknown; accepted here: name\n"
           "x.toml:3: xs[2]: must be a table, not an integer");
}

TEST_CASE("settings reader: a foreign key is refused with its reason, or told "
          "if it asks for something") {
  static const foreign_key foreign[] = {
    {"s.old", foreign_kind::unsupported, "is not done"},
    {"s.later", foreign_kind::refused, "write now instead"},
    {"part", foreign_kind::unsupported, "is not there", "enabled"},
  };
  auto document = parse_toml("[s]\nold = 'x'\nlater = 1\n[part]\nsize = 3\n"
                             "enabled = true\n");
  REQUIRE(document);
  problem_list problems{"x.toml", foreign};
  settings_section root{&*document, "", 1, problems};
  root.section("s").report_unknown_keys();
  root.report_unknown_keys();

  CHECK(explain(problems.to_error()) == "x.toml:3: s.later: write now instead");
  CHECK(problems.notices()
        == std::vector<std::string>{"x.toml:2: s.old: is not done",
                                    "x.toml:6: part.enabled: is not there"});

  problem_list silent{"x.toml", foreign};
  auto nothing = parse_toml("s.old = ''\npart.enabled = false\n");
  settings_section other{&*nothing, "", 1, silent};
  other.section("s").report_unknown_keys();
  other.report_unknown_keys();
  CHECK(!silent.to_error());
  CHECK(silent.notices().empty());
}

TEST_CASE("toml: a syntax error is reported with its line") {
  auto document = parse_toml("a = 1\nb = = 2\n");

  REQUIRE(!document);
  CHECK(explain(document.error()).starts_with("2: "));
}

TEST_CASE("toml: a key that is there twice is an error with both lines") {
  auto error_of = [](std::string_view text) {
    auto document = parse_toml(text);
    REQUIRE(!document);
    return explain(document.error());
  };
  CHECK(error_of("a = 1\n[s]\na = 2\nb = 3\na = 4\n")
        == "5: the key a is there twice, first on line 3");
  CHECK(error_of("[s]\na = 1\n[t]\n\n[s]\n")
        == "5: the key s is there twice, first on line 1");
  CHECK(error_of("x = { a = 1, a = 2 }\n").starts_with("1: "));
}

TEST_CASE("toml: a section without a name is reported with its line") {
  auto document = parse_toml("a = 1\n[=]\n");

  REQUIRE(!document);
  CHECK(explain(document.error()).starts_with("2: "));
}

TEST_CASE("toml: accepts text in any script") {
  std::string name;
  auto problems
    = problems_of("# 節点、資源\nname = \"ε、\u3000\"\n",
                  [&](settings_section& root) { root.read("name", name); });

  CHECK(problems == "");
  CHECK(name == "ε、\u3000");
}
