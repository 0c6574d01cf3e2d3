// SPDX-License-Identifier: MIT
#include "actors/connectors/file_pusher.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <fstream>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

struct file_pusher_fixture {
  using time_point = caf::actor_clock::time_point;
  using texts = std::vector<std::string>;

  caf::error open(std::map<std::string, std::string> settings) {
    component_spec spec;
    spec.settings = std::move(settings);
    subject
      = file_pusher(std::filesystem::path{files / ""}, counters).make(spec);
    out = std::make_shared<outlet>([] {});
    subject->set_outlet(out);
    return subject->open();
  }

  void start(std::map<std::string, std::string> settings = {}) {
    REQUIRE(!open(std::move(settings)));
    subject->begin("", false, now);
  }

  texts run_for(caf::timespan duration) {
    texts result;
    auto end = now + duration;
    while (*subject->due() <= end) {
      now = std::max(now, *subject->due());
      subject->on_time(now);
      for (auto& x : out->take())
        result.push_back(std::get<outlet::cast_request>(x).payload);
    }
    now = end;
    return result;
  }

  void write(const std::string& name, const std::string& content) {
    std::ofstream{std::string{files / name}} << content;
  }

  folder files;
  time_point now{};
  resource_counters_ptr counters = std::make_shared<resource_counters>();
  resource_ptr subject;
  outlet_ptr out;
};

} // namespace

TEST_CASE_FIXTURE(file_pusher_fixture,
                  "file-pusher: files in the order of their names, one a "
                  "second, again and again, with new ones from the next round "
                  "on") {
  write("b", "2");
  write("a", "1");
  start();
  CHECK(run_for(0s) == texts{"1"});
  write("c", "3");
  CHECK(run_for(2s) == texts{"2", "1"});
  CHECK(run_for(3s) == texts{"2", "3", "1"});
  CHECK(counters->files_pushed == 6);
}

TEST_CASE_FIXTURE(file_pusher_fixture, "file-pusher: period and base64") {
  write("a", std::string{"\xff\x00", 2});
  start({{"period-ms", "10"}, {"encode-base64", "TRUE"}});
  CHECK(run_for(20ms) == texts{"/wA=", "/wA=", "/wA="});
}

TEST_CASE_FIXTURE(
  file_pusher_fixture,
  "file-pusher: bytes that are no text are pushed as they are") {
  write("a", std::string{"\xff\x00", 2});
  start();
  CHECK(run_for(0s) == texts{std::string{"\xff\x00", 2}});
}

TEST_CASE_FIXTURE(file_pusher_fixture,
                  "file-pusher: an empty folder gives empty events") {
  start();
  CHECK(run_for(1s) == texts{"", ""});
}

TEST_CASE_FIXTURE(file_pusher_fixture,
                  "file-pusher: folders and files that are too large are left "
                  "out, and counted") {
  std::filesystem::create_directory(std::string{files / "0"});
  write("a", "1");
  write("b", "");
  std::filesystem::resize_file(std::string{files / "b"}, limits::payload + 1);
  start();
  CHECK(run_for(2s) == texts{"1", "1"});
  CHECK(counters->files_skipped == 1);
}

TEST_CASE_FIXTURE(file_pusher_fixture,
                  "file-pusher: a pause of its instance leaves periods out") {
  write("a", "1");
  start();
  CHECK(run_for(0s).size() == 1);
  now += 10s;
  CHECK(run_for(0s).size() <= 2);
}

TEST_CASE_FIXTURE(file_pusher_fixture,
                  "file-pusher: a period that is none is refused") {
  for (auto text : {"0", "x", "-1", "86400001", "99999999999999999999"})
    CHECK_MESSAGE(open({{"period-ms", text}}), text);
}

TEST_CASE_FIXTURE(file_pusher_fixture, "file-pusher: events are refused") {
  start();
  CHECK(subject->handle({event{}}, now).failed == 1);
}
