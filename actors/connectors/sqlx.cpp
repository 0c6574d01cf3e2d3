// SPDX-License-Identifier: MIT
#include "actors/connectors/sqlx.hpp"

#include "actors/resources/deferring_resource.hpp"

#include "runtime/drivers/driver.hpp"
#include "runtime/drivers/postgresql.hpp"
#include "runtime/placement/annotations.hpp"
#include "runtime/sql/sql_format.hpp"
#include "runtime/sql/sql_pool.hpp"

#include "messages/connector_limits.hpp"

#include <map>
#include <mutex>

namespace edgeless {

namespace {

using std::chrono::milliseconds;

/// The pools of a node, by URL and timeout, as long as a resource uses them.
class pool_table {
public:
  pool_table(sql_driver_finder find, resource_counters_ptr counters)
    : find_{std::move(find)}, counters_{std::move(counters)} {
    // nop
  }

  caf::expected<std::shared_ptr<sql_pool>> open(const std::string& url,
                                                milliseconds timeout) {
    auto driver = find_(url);
    if (!driver)
      return driver.error();
    if (auto fault = (*driver)->fault_of(url); !fault.empty())
      return fail(ec::bad_input, fault);
    std::lock_guard guard{mutex_};
    std::erase_if(pools_, [](auto& x) { return x.second.expired(); });
    auto& known = pools_[{url, timeout}];
    auto result = known.lock();
    if (!result) {
      result = std::make_shared<sql_pool>(
        *driver, sql_options{url, timeout, limits::sql_prepared}, counters_);
      known = result;
    }
    return result;
  }

  const resource_counters_ptr& counters() const {
    return counters_;
  }

private:
  sql_driver_finder find_;
  resource_counters_ptr counters_;
  std::mutex mutex_;
  std::map<std::pair<std::string, milliseconds>, std::weak_ptr<sql_pool>>
    pools_;
};

class sqlx_resource : public deferring_resource {
public:
  sqlx_resource(const component_spec& spec, std::shared_ptr<pool_table> pools)
    : url_{setting(spec, "url")}, timeout_text_{setting(spec, "timeout-ms")},
      workflow_{to_string(spec.workflow)}, pools_{std::move(pools)} {
    // nop
  }

  /// Succeeds also while the database is away.
  caf::error open() override {
    constexpr milliseconds longest = limits::sql_statement_max;
    if (!timeout_text_.empty()) {
      auto number = parse_number(timeout_text_).value_or(0);
      if (number == 0 || number > static_cast<std::uint64_t>(longest.count()))
        return fail(ec::bad_input, "sqlx: configuration `timeout-ms`: \""
                                     + timeout_text_
                                     + "\" is no number from 1 to 600000");
      timeout_ = milliseconds{number};
    }
    auto opened = pools_->open(url_, timeout_);
    if (!opened)
      return fail(ec::bad_input,
                  "sqlx: configuration `url`: " + explain(opened.error()));
    pool_ = std::move(*opened);
    return caf::none;
  }

private:
  caf::error start(const event& x, std::uint64_t ticket) override {
    auto problem = enqueue(x, ticket);
    if (!problem)
      return caf::none;
    ++pools_->counters()->statements_failed;
    return fail(ec::bad_input, "sqlx: " + explain(problem));
  }

  caf::error enqueue(const event& x, std::uint64_t ticket) {
    auto request = parse_sql_request(x.payload, workflow_);
    if (!request)
      return request.error();
    sql_pool::job job;
    job.is_repeatable = is_repeatable(request->statement.text);
    job.statement = std::move(request->statement);
    job.deadline = std::chrono::steady_clock::now() + timeout_;
    // Runs on the thread of a connection, also when the resource has ended.
    job.done = [out = out(), counters = pools_->counters(), ticket,
                is_plain = request->is_plain,
                is_call = x.kind == event_kind::call](sql_outcome result) {
      out->finish(ticket,
                  answer_of(std::move(result), is_plain, is_call, *counters));
    };
    auto source = std::hash<physical_id>{}(x.source.instance);
    if (!pool_->start(source, std::move(job)))
      return fail(ec::exhausted, "too many statements wait");
    return caf::none;
  }

  /// The reason of a refusal is an answer, too, as in EDGELESS.
  static caf::expected<std::string> answer_of(sql_outcome x, bool is_plain,
                                              bool is_call,
                                              resource_counters& counters) {
    auto* failure = std::get_if<sql_failure>(&x);
    if (failure == nullptr) {
      ++counters.statements_executed;
      return is_call ? print_sql_result(std::get<sql_result>(x), is_plain)
                     : std::string{};
    }
    auto is_refused = failure->what == sql_failure::kind::refused;
    ++(is_refused ? counters.statements_refused : counters.statements_failed);
    if (is_refused && is_call)
      return print_sql_refusal(failure->reason, is_plain);
    return fail(ec::unreachable, "sqlx: " + failure->reason);
  }

  std::string url_;
  std::string timeout_text_;
  milliseconds timeout_ = limits::sql_statement;
  std::string workflow_;
  std::shared_ptr<pool_table> pools_;
  std::shared_ptr<sql_pool> pool_;
};

} // namespace

sql_driver_finder find_sql_drivers(std::shared_ptr<sql_driver> sqlite) {
  return [sqlite = std::move(sqlite)](const std::string& url)
           -> caf::expected<std::shared_ptr<sql_driver>> {
    if (url.starts_with("sqlite:"))
      return sqlite;
    if (!url.starts_with("postgres://") && !url.starts_with("postgresql://"))
      return fail(ec::bad_input,
                  "\"" + url.substr(0, url.find(':'))
                    + "\" is no database: a URL is such as sqlite://NAME.db or "
                      "postgresql://user:password@localhost:5432/name");
    auto loaded = load_driver<postgresql_driver>("postgresql");
    if (!loaded)
      return loaded.error();
    // It lives as long as the program.
    return std::shared_ptr<sql_driver>{*loaded, [](sql_driver*) {
                                       }};
  };
}

resource_class sqlx(sql_driver_finder find, resource_counters_ptr counters) {
  auto pools
    = std::make_shared<pool_table>(std::move(find), std::move(counters));
  return {[pools = std::move(pools)](const component_spec& spec) {
            return std::make_unique<sqlx_resource>(spec, pools);
          },
          true};
}

} // namespace edgeless
