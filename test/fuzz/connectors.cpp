// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/schedule/schedule.hpp"
#include "runtime/services/conversation.hpp"
#include "runtime/sql/sql_format.hpp"

#include <boost/json.hpp>

using namespace edgeless;

/// What workflows configure, functions send, and services answer.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  const wall_time now{std::chrono::hours{500'000}};
  for (auto zone : {"", "Europe/Madrid", "Australia/Lord_Howe"})
    if (auto x = schedule::of_cron(text, zone))
      if (auto first = x->next(now)) {
        fuzz::require(*first > now);
        fuzz::require(x->next(*first - std::chrono::milliseconds{1}) == first);
        auto second = x->next(*first);
        fuzz::require(!second || *second > *first);
      }
  if (auto x = schedule::of_period(text))
    fuzz::require(*x->next(now) > now);
  if (auto x = parse_sql_request(text, "w")) {
    fuzz::require(!x->statement.text.empty());
    fuzz::require(!x->statement.parameters.empty());
    // What a database answers with these values is JSON.
    sql_result row{std::vector<std::string>(x->statement.parameters.size(),
                                            std::string{text}),
                   {x->statement.parameters},
                   0,
                   0};
    boost::system::error_code problem;
    boost::json::parse(print_sql_result(row, false), problem);
    fuzz::require(!problem);
  }
  static_cast<void>(text_of_chat(text));
  conversation talk{"m", 5};
  talk.restore(text);
  conversation next{"m", 5};
  next.restore(talk.state());
  fuzz::require(next.state() == talk.state());
  return 0;
}
