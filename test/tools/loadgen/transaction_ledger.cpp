// SPDX-License-Identifier: MIT
#include "tools/loadgen/transaction_ledger.hpp"

#include "tools/loadgen/limits.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

using namespace edgeless::benchmark;

namespace {

/// A journal: b1 e1 begins and ends transaction 1, at 100 s.
ledger_sums sums_of(const std::string& journal, double stopped = 100) {
  transaction_ledger result;
  std::size_t at = 0;
  while (at < journal.size()) {
    auto end = std::min(journal.find(' ', at), journal.size());
    result.record({journal[at] == 'b',
                   std::stoull(journal.substr(at + 1, end - at - 1)), 100, ""});
    at = end + 1;
  }
  return result.sums(0, stopped);
}

ledger_sums sums(std::uint64_t sent, std::uint64_t handled,
                 std::uint64_t lost = 0, std::uint64_t under_way = 0) {
  ledger_sums result;
  result.sent = sent;
  result.handled = handled;
  result.lost = lost;
  result.under_way = under_way;
  return result;
}

constexpr auto later = 100 + load_limits::stall_timeout_s;

} // namespace

TEST_CASE("transaction ledger: a transaction that begins and ends is handled") {
  CHECK(sums_of("") == sums(0, 0));
  CHECK(sums_of("b0 e0 b1 e1") == sums(2, 2));
  CHECK(sums_of("b7 b8 b9 e7 e8 e9") == sums(3, 3));
}

TEST_CASE("transaction ledger: an end may be recorded before its beginning") {
  CHECK(sums_of("e0 b0 b1 e1") == sums(2, 2));
  CHECK(sums_of("e0") == sums(1, 1));
}

TEST_CASE(
  "transaction ledger: a transaction is lost once a later one has ended") {
  CHECK(sums_of("b0 b1 b2 e0 e2") == sums(3, 2, 1));
  CHECK(sums_of("b0 b1 b2 e2") == sums(3, 1, 2));
}

TEST_CASE(
  "transaction ledger: open transactions are under way when the workflow "
  "stops") {
  CHECK(sums_of("b0 e0 b1 b2") == sums(3, 1, 0, 2));
  CHECK(sums_of("b0") == sums(1, 0, 0, 1));
}

TEST_CASE(
  "transaction ledger: open transactions of a stalled workflow are lost") {
  CHECK(sums_of("b0", later) == sums(1, 0, 1));
  CHECK(sums_of("b0 e0 b1", later) == sums(2, 1, 1));
  CHECK(sums_of("b0 e0", later) == sums(1, 1));
}

TEST_CASE("transaction ledger: nothing is lost while transactions still end") {
  transaction_ledger x;
  for (std::uint64_t i = 0; i < 100; ++i)
    x.record({true, i, 100, ""});
  x.record({false, 0, later + 10, ""});

  CHECK(x.sums(0, later + 11) == sums(100, 1, 0, 99));
}

TEST_CASE("transaction ledger: gaps in the numbers are lost") {
  CHECK(sums_of("b3 e3 b6 e6") == sums(4, 2, 2));
  CHECK(sums_of("b3 e3 b6") == sums(4, 1, 2, 1));
}

TEST_CASE("transaction ledger: counts losses before the whole workflow ran "
          "separately") {
  transaction_ledger x;
  x.record({true, 0, 50, ""});
  x.record({true, 1, 150, ""});
  x.record({true, 2, 150, ""});
  x.record({false, 2, 151, ""});

  CHECK(x.sums(100, 200).lost == 2);
  CHECK(x.sums(100, 200).lost_at_start == 1);
}

TEST_CASE("transaction ledger: repeated beginnings and ends are duplicates") {
  auto expected = sums(2, 2);
  expected.duplicated = 1;
  CHECK(sums_of("b0 e0 e0 b1 e1") == expected);
  CHECK(sums_of("b0 b0 e0 b1 e1") == expected);
  CHECK(sums_of("b0 e0 b1 e1 b0") == expected);
}

TEST_CASE("transaction ledger: an end after a later one is out of order") {
  auto expected = sums(3, 3);
  expected.out_of_order = 1;
  CHECK(sums_of("b0 b1 b2 e1 e0 e2") == expected);
  expected.out_of_order = 2;
  CHECK(sums_of("b0 b1 b2 e2 e0 e1") == expected);
}

TEST_CASE("transaction ledger: counts lines beyond its limit as unknown") {
  transaction_ledger x;
  for (std::uint64_t i = 0; i < load_limits::open_transactions + 10; ++i)
    x.record({true, 2 * i, 100, ""});
  auto result = x.sums(0, 100);

  CHECK(result.sent == load_limits::open_transactions);
  CHECK(result.unknown == 10);
}

TEST_CASE("number set: is a set, and merges consecutive numbers into ranges") {
  number_set x;
  std::set<std::uint64_t> all;
  std::mt19937 random{1};
  for (int i = 0; i < 3000; ++i) {
    auto number = random() % 1000;
    CHECK(x.insert(number) == all.insert(number).second);
  }
  for (std::uint64_t i = 0; i < 1000; ++i) {
    CHECK(x.contains(i) == all.contains(i));
    x.insert(i);
  }
  CHECK(x.size() == 1000);
  CHECK(x.ranges() == 1);
  CHECK(!x.contains(1000));
  CHECK(x.insert(UINT64_MAX));
  CHECK(!x.insert(UINT64_MAX));
}

TEST_CASE("journal line: reads beginnings and ends") {
  auto begin = parse_journal_line("b,7,12.5");
  REQUIRE(begin);
  CHECK(begin->begins);
  CHECK(begin->number == 7);
  CHECK(begin->when == 12.5);
  CHECK(begin->time == "12.5");
  auto end = parse_journal_line("e,18446744073709551615,12.5,34");
  REQUIRE(end);
  CHECK(!end->begins);
  CHECK(end->milliseconds == 34);
  CHECK(parse_journal_line("e,1,2"));
}

TEST_CASE("journal line: refuses malformed lines") {
  for (auto text :
       {"", "b", "b,1", "b,1,", "x,1,2", "b,-1,2", "b,1,nan", "b,1,-2",
        "b,1,2,3", "e,1,2,x", "e,1,2,-3", "e,1,2,3,4", "b,1 ,2",
        "b,18446744073709551616,2", "e,1,0.00000000000000000000001"})
    CHECK_MESSAGE(!parse_journal_line(text), text);
}
