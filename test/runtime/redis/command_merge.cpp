// SPDX-License-Identifier: MIT
#include "runtime/redis/command_merge.hpp"

#include "test/fixtures/memory_redis.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace edgeless;

namespace {

using commands = std::vector<redis_command>;

} // namespace

TEST_CASE("command_merge: values for one list are pushed together, in order") {
  CHECK(merge_commands({{"LPUSH", "a", "1"},
                        {"RPUSH", "b", "1"},
                        {"LPUSH", "a", "2"},
                        {"RPUSH", "b", "2", "3"}})
        == commands{{"LPUSH", "a", "1", "2"}, {"RPUSH", "b", "1", "2", "3"}});
}

TEST_CASE("command_merge: the last SET, LTRIM or EXPIRE of a key remains") {
  CHECK(merge_commands({{"SET", "a", "1"},
                        {"LPUSH", "l", "1"},
                        {"LTRIM", "l", "0", "9"},
                        {"EXPIRE", "l", "60"},
                        {"SET", "a", "2"},
                        {"LPUSH", "l", "2"},
                        {"LTRIM", "l", "0", "9"}})
        == commands{{"SET", "a", "2"},
                    {"LPUSH", "l", "1", "2"},
                    {"LTRIM", "l", "0", "9"},
                    {"EXPIRE", "l", "60"}});
}

TEST_CASE("command_merge: other commands keep their place") {
  commands all{{"SET", "a", "1"}, {"DEL", "a"},
               {"SET", "a", "2"}, {"SET", "a", "3", "EX", "1"},
               {"SET", "a", "4"}, {"PING"}};
  CHECK(merge_commands(all) == all);
  CHECK(merge_commands({}).empty());
}

TEST_CASE("command_merge: merged commands leave the same database") {
  std::mt19937 random{1};
  for (int round = 0; round < 200; ++round) {
    auto before = std::make_shared<memory_database>();
    auto after = std::make_shared<memory_database>();
    commands all;
    for (int i = 0; i < 50; ++i) {
      auto key = std::string(1, static_cast<char>('a' + random() % 3));
      auto value = std::to_string(i);
      switch (random() % 6) {
      case 0:
        all.push_back({"SET", key, value});
        break;
      case 1:
        all.push_back({"DEL", key, "l" + key});
        break;
      case 2:
        all.push_back({"LTRIM", "l" + key, "0", "6"});
        break;
      default:
        all.push_back({"LPUSH", "l" + key, value});
        all.push_back({"LTRIM", "l" + key, "0", "6"});
      }
    }
    for (auto& x : all)
      before->execute(x);
    for (auto& x : merge_commands(all))
      after->execute(x);
    CHECK(before->content == after->content);
  }
}
