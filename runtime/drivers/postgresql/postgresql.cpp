// SPDX-License-Identifier: MIT
#include "runtime/drivers/postgresql.hpp"

#include "runtime/drivers/driver.hpp"
#include "runtime/drivers/postgresql/postgresql_values.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <list>
#include <set>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr unsigned oid_of_text = 25;

struct connection_deleter {
  void operator()(PGconn* x) const {
    PQfinish(x);
  }
};
using connection_ptr = std::unique_ptr<PGconn, connection_deleter>;

struct result_deleter {
  void operator()(PGresult* x) const {
    PQclear(x);
  }
};
using result_ptr = std::unique_ptr<PGresult, result_deleter>;

struct options_deleter {
  void operator()(PQconninfoOption* x) const {
    PQconninfoFree(x);
  }
};
using options_ptr = std::unique_ptr<PQconninfoOption, options_deleter>;

/// A message of libpq as one line.
std::string line_of(const char* text) {
  std::string result = text == nullptr ? "" : text;
  while (!result.empty() && result.back() == '\n')
    result.pop_back();
  std::ranges::replace(result, '\n', ' ');
  return result;
}

sql_failure lost(std::string why) {
  return {sql_failure::kind::lost, std::move(why)};
}

sql_failure late() {
  return {sql_failure::kind::late, "no answer in time"};
}

/// Waits until the socket can be read, or written if that is wanted; false: the
/// time is over.
bool await(PGconn* x, bool to_write, const sql_bounds& bounds) {
  while (!bounds.is_over()) {
    pollfd one{PQsocket(x), POLLIN, 0};
    if (to_write)
      one.events |= POLLOUT;
    auto left = std::chrono::ceil<milliseconds>(bounds.deadline - clock::now());
    // In short steps: the resource may stop.
    auto step = std::clamp(left, milliseconds{1}, milliseconds{50});
    if (::poll(&one, 1, static_cast<int>(step.count())) > 0)
      return true;
  }
  return false;
}

/// The parameters of a connection that a URL may set.
const std::set<std::string_view> allowed{
  "host", "port", "user", "password", "dbname", "sslmode", "application_name"};

/// The settings of a URL; or what is wrong with it.
std::variant<options_ptr, std::string> parse(const std::string& url) {
  char* problem = nullptr;
  options_ptr result{PQconninfoParse(url.c_str(), &problem)};
  if (!result) {
    auto why = line_of(problem);
    PQfreemem(problem);
    return why.empty() ? "no memory" : why;
  }
  auto has_host = false;
  for (auto* i = result.get(); i->keyword != nullptr; ++i) {
    std::string_view key{i->keyword};
    if (i->val == nullptr)
      continue;
    if (!allowed.contains(key))
      return "the setting " + std::string{key} + " is not allowed";
    has_host = has_host || (key == "host" && *i->val != '\0');
  }
  if (!has_host)
    return "it names no host";
  return result;
}

class postgresql_connection : public sql_connection {
public:
  postgresql_connection(connection_ptr x, std::size_t max_prepared)
    : connection_{std::move(x)}, max_prepared_{max_prepared} {
    // nop
  }

  sql_outcome execute(const sql_statement& x,
                      const sql_bounds& bounds) override {
    auto found = std::ranges::find(prepared_, x.text, &prepared::text);
    if (found != prepared_.end())
      prepared_.splice(prepared_.begin(), prepared_, found);
    else if (auto failure = prepare(x.text, bounds))
      return *failure;
    auto& statement = prepared_.front();
    if (statement.parameters > x.parameters.size())
      return sql_failure{
        sql_failure::kind::refused,
        "the statement has " + std::to_string(statement.parameters)
          + " parameters, and " + std::to_string(x.parameters.size())
          + " values are given, from $1 on"};
    std::vector<std::optional<std::string>> texts;
    std::vector<const char*> values;
    for (std::size_t i = 0; i < statement.parameters; ++i)
      texts.push_back(text_for_postgresql(x.parameters[i]));
    for (auto& text : texts)
      values.push_back(text ? text->c_str() : nullptr);
    if (PQsendQueryPrepared(raw(), statement.name.c_str(),
                            static_cast<int>(values.size()), values.data(),
                            nullptr, nullptr, 0)
        == 0)
      return lost(line_of(PQerrorMessage(raw())));
    // Row by row: a result may be larger than the memory.
    PQsetSingleRowMode(raw());
    collected rows;
    auto outcome = await_result(bounds, &rows);
    if (auto* failure = std::get_if<sql_failure>(&outcome))
      return *failure;
    return conclude(*std::get<result_ptr>(outcome), std::move(rows), bounds);
  }

  /// Without preparing it, and without a result.
  std::optional<sql_failure> command(const std::string& text,
                                     const sql_bounds& bounds) {
    if (PQsendQuery(raw(), text.c_str()) == 0)
      return lost(line_of(PQerrorMessage(raw())));
    auto outcome = await_result(bounds);
    if (auto* failure = std::get_if<sql_failure>(&outcome))
      return *failure;
    return fault_of(*std::get<result_ptr>(outcome));
  }

private:
  struct prepared {
    std::string text;
    std::string name;
    std::size_t parameters = 0;
  };

  /// The rows of a result; more than the bound are read and left out.
  struct collected {
    sql_result result;
    std::size_t bytes = 0;

    void add(const PGresult& x, std::size_t max_bytes) {
      auto fields = PQnfields(&x);
      if (result.columns.empty())
        for (int i = 0; i < fields; ++i)
          result.columns.emplace_back(PQfname(&x, i));
      for (int row = 0; row < PQntuples(&x) && bytes <= max_bytes; ++row) {
        auto& values = result.rows.emplace_back();
        for (int i = 0; i < fields; ++i) {
          std::string_view text{
            PQgetvalue(&x, row, i),
            static_cast<std::size_t>(PQgetlength(&x, row, i))};
          bytes += sizeof(sql_value) + text.size();
          values.push_back(PQgetisnull(&x, row, i) != 0
                             ? sql_value{}
                             : value_of_postgresql(PQftype(&x, i), text));
        }
      }
    }
  };

  PGconn* raw() const {
    return connection_.get();
  }

  /// The last result of what was sent; its rows are added to `rows`.
  std::variant<result_ptr, sql_failure>
  await_result(const sql_bounds& bounds, collected* rows = nullptr) {
    PQsetnonblocking(raw(), 1);
    for (int left = PQflush(raw()); left != 0; left = PQflush(raw())) {
      if (left < 0)
        return lost(line_of(PQerrorMessage(raw())));
      if (!await(raw(), true, bounds))
        return late();
      if (PQconsumeInput(raw()) == 0)
        return lost(line_of(PQerrorMessage(raw())));
    }
    result_ptr last;
    for (;;) {
      while (PQisBusy(raw()) != 0) {
        if (!await(raw(), false, bounds))
          return late();
        if (PQconsumeInput(raw()) == 0)
          return lost(line_of(PQerrorMessage(raw())));
      }
      result_ptr next{PQgetResult(raw())};
      if (!next)
        break;
      last = std::move(next);
      auto status = PQresultStatus(last.get());
      if (rows != nullptr
          && (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK))
        rows->add(*last, bounds.bytes);
      // The protocol of COPY needs more than a statement.
      if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT
          || status == PGRES_COPY_BOTH)
        return lost("COPY is not possible");
    }
    if (!last || PQstatus(raw()) != CONNECTION_OK)
      return lost(line_of(PQerrorMessage(raw())));
    return last;
  }

  std::optional<sql_failure> fault_of(const PGresult& x) const {
    auto status = PQresultStatus(&x);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
      return std::nullopt;
    auto* code = PQresultErrorField(&x, PG_DIAG_SQLSTATE);
    std::string_view state = code == nullptr ? "" : code;
    auto reason = line_of(PQresultErrorMessage(&x));
    // query_canceled: statement_timeout of the server.
    if (state == "57014")
      return late();
    if (status == PGRES_EMPTY_QUERY)
      reason = "it is no statement";
    return sql_failure{sql_failure::kind::refused, std::move(reason)};
  }

  std::optional<sql_failure> prepare(const std::string& text,
                                     const sql_bounds& bounds) {
    if (prepared_.size() >= max_prepared_) {
      auto name = prepared_.back().name;
      prepared_.pop_back();
      if (auto failure = command("DEALLOCATE " + name, bounds))
        return failure;
    }
    prepared made{text, "edgeless_" + std::to_string(++last_name_)};
    // $1 is the id of the workflow, whether the statement uses it or not.
    unsigned types[] = {text.find("$1") == std::string::npos ? oid_of_text : 0};
    if (PQsendPrepare(raw(), made.name.c_str(), text.c_str(), 1, types) == 0)
      return lost(line_of(PQerrorMessage(raw())));
    auto outcome = await_result(bounds);
    if (auto* failure = std::get_if<sql_failure>(&outcome))
      return *failure;
    if (auto failure = fault_of(*std::get<result_ptr>(outcome)))
      return failure;
    if (PQsendDescribePrepared(raw(), made.name.c_str()) == 0)
      return lost(line_of(PQerrorMessage(raw())));
    outcome = await_result(bounds);
    if (auto* failure = std::get_if<sql_failure>(&outcome))
      return *failure;
    made.parameters = static_cast<std::size_t>(
      PQnparams(std::get<result_ptr>(outcome).get()));
    prepared_.push_front(std::move(made));
    return std::nullopt;
  }

  sql_outcome conclude(const PGresult& x, collected rows,
                       const sql_bounds& bounds) {
    // BEGIN would keep locks for the statements of others.
    if (PQtransactionStatus(raw()) != PQTRANS_IDLE) {
      if (auto failure = command("ROLLBACK", bounds))
        return *failure;
      return sql_failure{sql_failure::kind::refused,
                         "a transaction of several statements is not possible"};
    }
    if (auto failure = fault_of(x))
      return *failure;
    if (rows.bytes > bounds.bytes)
      return sql_failure{sql_failure::kind::refused,
                         "the result is larger than "
                           + std::to_string(bounds.bytes) + " bytes"};
    std::string_view affected = PQcmdTuples(const_cast<PGresult*>(&x));
    for (auto digit : affected)
      rows.result.affected
        = 10 * rows.result.affected + static_cast<std::uint64_t>(digit - '0');
    return std::move(rows.result);
  }

  connection_ptr connection_;
  std::size_t max_prepared_;
  std::list<prepared> prepared_; ///< the most recent ones first
  std::uint64_t last_name_ = 0;
};

class libpq_driver : public postgresql_driver {
public:
  std::string fault_of(const std::string& url) override {
    auto parsed = parse(url);
    auto* why = std::get_if<std::string>(&parsed);
    return why == nullptr
             ? ""
             : *why
                 + "; a URL is such as "
                   "postgresql://user:password@localhost:5432/name";
  }

  std::variant<sql_connection_ptr, sql_failure>
  connect(const sql_options& options, const sql_bounds& bounds) override {
    auto parsed = parse(options.url);
    if (auto* why = std::get_if<std::string>(&parsed))
      return lost(*why);
    // Without a file of passwords: those of the node are not for functions.
    std::vector<const char*> keys{"client_encoding", "passfile",
                                  "application_name"};
    std::vector<const char*> values{"UTF8", "/dev/null", "edgeless"};
    for (auto* i = std::get<options_ptr>(parsed).get(); i->keyword != nullptr;
         ++i)
      if (i->val != nullptr) {
        keys.push_back(i->keyword);
        values.push_back(i->val);
      }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    connection_ptr made{PQconnectStartParams(keys.data(), values.data(), 0)};
    if (!made)
      return lost("no memory");
    if (auto failure = await_connection(made.get(), bounds))
      return *failure;
    PQsetNoticeProcessor(
      made.get(), [](void*, const char*) {}, nullptr);
    auto result = std::make_unique<postgresql_connection>(std::move(made),
                                                          options.prepared);
    auto time = std::to_string(options.statement_time.count());
    if (auto failure
        = result->command("SET statement_timeout = " + time, bounds))
      return *failure;
    return result;
  }

private:
  static std::optional<sql_failure> await_connection(PGconn* x,
                                                     const sql_bounds& bounds) {
    auto next = PGRES_POLLING_WRITING;
    while (PQstatus(x) != CONNECTION_BAD && next != PGRES_POLLING_OK) {
      if (next == PGRES_POLLING_FAILED)
        break;
      if (!await(x, next == PGRES_POLLING_WRITING, bounds))
        return late();
      next = PQconnectPoll(x);
    }
    if (next == PGRES_POLLING_OK)
      return std::nullopt;
    return lost(line_of(PQerrorMessage(x)));
  }
};

} // namespace

} // namespace edgeless

EDGELESS_DRIVER(edgeless::postgresql_driver, edgeless::libpq_driver)
