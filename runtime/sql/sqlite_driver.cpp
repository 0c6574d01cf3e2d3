// SPDX-License-Identifier: MIT
#include "runtime/sql/sqlite_driver.hpp"

#include "runtime/http/message.hpp"

#include "messages/connector_limits.hpp"
#include "messages/errors.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <list>

namespace edgeless {

namespace {

sql_failure refused(std::string why) {
  return {sql_failure::kind::refused, std::move(why)};
}

/// The name in sqlite://NAME or sqlite:NAME, without what follows a question
/// mark; empty: the URL is none of these.
std::string name_of(std::string_view url) {
  constexpr std::string_view scheme = "sqlite:";
  if (!url.starts_with(scheme))
    return {};
  url.remove_prefix(scheme.size());
  if (url.starts_with("//"))
    url.remove_prefix(2);
  url = url.substr(0, url.find('?'));
  return url.starts_with(':') ? std::string{} : std::string{url};
}

/// What statements may not do: reach other files, hold the lock of a
/// transaction for others, or change settings.
int authorize(void*, int action, const char*, const char*, const char*,
              const char*) {
  switch (action) {
  case SQLITE_ATTACH:
  case SQLITE_DETACH:
  case SQLITE_TRANSACTION:
  case SQLITE_SAVEPOINT:
  case SQLITE_PRAGMA:
    return SQLITE_DENY;
  default:
    return SQLITE_OK;
  }
}

int is_over(void* bounds) {
  return static_cast<sql_bounds*>(bounds)->is_over() ? 1 : 0;
}

/// Waits for the lock of another connection; 0: no longer.
int await_lock(void* bounds, int) {
  if (is_over(bounds) != 0)
    return 0;
  sqlite3_sleep(2); // milliseconds
  return 1;
}

bool is_declared_json(const char* type) {
  return type != nullptr
         && (equal_ignoring_case(type, "json")
             || equal_ignoring_case(type, "jsonb"));
}

std::string_view text_of(sqlite3_stmt* from, int column) {
  auto* bytes = sqlite3_column_blob(from, column);
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(from, column));
  return bytes == nullptr
           ? std::string_view{}
           : std::string_view{static_cast<const char*>(bytes), size};
}

sql_value value_of(sqlite3_stmt* from, int column) {
  auto* type = sqlite3_column_decltype(from, column);
  switch (sqlite3_column_type(from, column)) {
  case SQLITE_INTEGER: {
    auto x = sqlite3_column_int64(from, column);
    if (type != nullptr && equal_ignoring_case(type, "boolean")
        && (x == 0 || x == 1))
      return x == 1;
    return std::int64_t{x};
  }
  case SQLITE_FLOAT:
    return sqlite3_column_double(from, column);
  case SQLITE_TEXT:
    if (is_declared_json(type))
      return sql_json{std::string{text_of(from, column)}};
    return std::string{text_of(from, column)};
  case SQLITE_BLOB:
    return sql_bytes{std::string{text_of(from, column)}};
  default:
    return std::monostate{};
  }
}

struct value_binder {
  sqlite3_stmt* to;
  int index;

  int operator()(std::monostate) const {
    return sqlite3_bind_null(to, index);
  }
  int operator()(bool x) const {
    return sqlite3_bind_int(to, index, x ? 1 : 0);
  }
  int operator()(std::int64_t x) const {
    return sqlite3_bind_int64(to, index, x);
  }
  int operator()(double x) const {
    return sqlite3_bind_double(to, index, x);
  }
  int operator()(const std::string& x) const {
    return sqlite3_bind_text64(to, index, x.data(), x.size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  int operator()(const sql_json& x) const {
    return (*this)(x.text);
  }
  int operator()(const sql_bytes& x) const {
    return sqlite3_bind_blob64(to, index, x.bytes.data(), x.bytes.size(),
                               SQLITE_STATIC);
  }
};

struct statement_deleter {
  void operator()(sqlite3_stmt* x) const {
    sqlite3_finalize(x);
  }
};
using statement_ptr = std::unique_ptr<sqlite3_stmt, statement_deleter>;

struct database_deleter {
  void operator()(sqlite3* x) const {
    sqlite3_close_v2(x);
  }
};
using database_ptr = std::unique_ptr<sqlite3, database_deleter>;

class sqlite_connection : public sql_connection {
public:
  sqlite_connection(database_ptr database, std::size_t max_prepared)
    : database_{std::move(database)}, max_prepared_{max_prepared} {
    // nop
  }

  sql_outcome execute(const sql_statement& x,
                      const sql_bounds& bounds) override {
    bounds_ = bounds;
    sqlite3_busy_handler(db(), await_lock, &bounds_);
    sqlite3_progress_handler(db(), 1000, is_over, &bounds_);
    std::string why;
    auto* found = prepare(x.text, why);
    if (found == nullptr)
      return why.empty() ? failure() : refused(std::move(why));
    auto result = run(found, x, bounds.bytes);
    sqlite3_reset(found);
    sqlite3_clear_bindings(found);
    return result;
  }

private:
  struct prepared {
    std::string text;
    statement_ptr statement;
  };

  sqlite3* db() const {
    return database_.get();
  }

  /// The statement, which was used most recently then; nullptr: `why`, or the
  /// error of the database.
  sqlite3_stmt* prepare(const std::string& text, std::string& why) {
    auto found = std::ranges::find(prepared_, text, &prepared::text);
    if (found != prepared_.end()) {
      prepared_.splice(prepared_.begin(), prepared_, found);
      return prepared_.front().statement.get();
    }
    sqlite3_stmt* raw = nullptr;
    const char* rest = nullptr;
    if (sqlite3_prepare_v3(db(), text.data(), static_cast<int>(text.size()),
                           SQLITE_PREPARE_PERSISTENT, &raw, &rest)
        != SQLITE_OK)
      return nullptr;
    statement_ptr made{raw};
    std::string_view more{rest, text.data() + text.size()};
    if (!made || more.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
      why = made ? "it is more than one statement" : "it is no statement";
      return nullptr;
    }
    prepared_.push_front({text, std::move(made)});
    if (prepared_.size() > max_prepared_)
      prepared_.pop_back();
    return raw;
  }

  sql_outcome run(sqlite3_stmt* statement, const sql_statement& x,
                  std::size_t max_bytes) {
    auto wanted = sqlite3_bind_parameter_count(statement);
    for (int i = 1; i <= wanted; ++i) {
      auto* name = sqlite3_bind_parameter_name(statement, i);
      auto number = name == nullptr ? static_cast<std::size_t>(i)
                                    : sql_parameter_number(name);
      if (number == 0 || number > x.parameters.size())
        return refused("there is no value for the parameter "
                       + std::string{name == nullptr ? "?" : name} + ": "
                       + std::to_string(x.parameters.size())
                       + " are given, from $1 on");
      std::visit(value_binder{statement, i}, x.parameters[number - 1]);
    }
    sql_result result;
    auto columns = sqlite3_column_count(statement);
    for (int i = 0; i < columns; ++i)
      result.columns.emplace_back(sqlite3_column_name(statement, i));
    auto before = sqlite3_total_changes64(db());
    std::size_t bytes = 0;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      auto& row = result.rows.emplace_back();
      for (int i = 0; i < columns; ++i) {
        row.push_back(value_of(statement, i));
        bytes += sizeof(sql_value)
                 + static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
      }
      if (bytes > max_bytes)
        return refused("the result is larger than " + std::to_string(max_bytes)
                       + " bytes");
    }
    if (code != SQLITE_DONE)
      return failure();
    if (sqlite3_total_changes64(db()) != before)
      result.affected = static_cast<std::uint64_t>(sqlite3_changes64(db()));
    result.last_row = sqlite3_last_insert_rowid(db());
    return result;
  }

  sql_failure failure() const {
    std::string reason = sqlite3_errmsg(db());
    switch (sqlite3_errcode(db()) & 0xff) {
    case SQLITE_INTERRUPT:
    case SQLITE_BUSY:
      return {sql_failure::kind::late, std::move(reason)};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_NOMEM:
      return {sql_failure::kind::lost, std::move(reason)};
    default:
      return refused(std::move(reason));
    }
  }

  database_ptr database_;
  std::size_t max_prepared_;
  std::list<prepared> prepared_; ///< the most recent ones first
  sql_bounds bounds_;
};

class sqlite_driver : public sql_driver {
public:
  sqlite_driver(std::filesystem::path path, confined_folder_ptr folder)
    : path_{std::move(path)}, folder_{std::move(folder)} {
    // nop
  }

  std::string fault_of(const std::string& url) override {
    auto name = name_of(url);
    if (name.empty())
      return "it is no URL such as sqlite://NAME.db";
    // Creates the file, if it is absent: SQLite would do that, too.
    auto opened = folder_->open_to_append(name);
    return opened ? std::string{} : explain(opened.error());
  }

  std::variant<sql_connection_ptr, sql_failure>
  connect(const sql_options& options, const sql_bounds& bounds) override {
    if (auto fault = fault_of(options.url); !fault.empty())
      return sql_failure{sql_failure::kind::lost, std::move(fault)};
    auto file = path_ / name_of(options.url);
    sqlite3* raw = nullptr;
    auto code
      = sqlite3_open_v2(file.c_str(), &raw,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
                          | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
                        nullptr);
    database_ptr database{raw};
    if (code == SQLITE_OK)
      code = prepare(raw, bounds);
    if (code != SQLITE_OK)
      return sql_failure{sql_failure::kind::lost,
                         file.string() + ": "
                           + (raw ? sqlite3_errmsg(raw) : "no memory")};
    return std::make_unique<sqlite_connection>(std::move(database),
                                               options.prepared);
  }

private:
  static int prepare(sqlite3* db, sql_bounds bounds) {
    sqlite3_busy_handler(db, await_lock, &bounds);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, limits::payload);
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, limits::sql_text);
    // Readers do not wait for writers.
    auto code = sqlite3_exec(db,
                             "PRAGMA journal_mode = WAL;"
                             "PRAGMA synchronous = NORMAL",
                             nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
      return code; // the connection is closed
    // Pages have 4 KiB.
    auto pages
      = "PRAGMA max_page_count = " + std::to_string(limits::sqlite_file / 4096);
    code = sqlite3_exec(db, pages.c_str(), nullptr, nullptr, nullptr);
    sqlite3_busy_handler(db, nullptr, nullptr);
    sqlite3_set_authorizer(db, authorize, nullptr);
    return code;
  }

  std::filesystem::path path_; ///< without links
  confined_folder_ptr folder_;
};

} // namespace

caf::expected<std::shared_ptr<sql_driver>>
make_sqlite_driver(const std::filesystem::path& folder) {
  auto opened = confined_folder::open(folder);
  if (!opened)
    return opened.error();
  std::error_code problem;
  auto path = std::filesystem::canonical(folder, problem);
  if (problem)
    return fail(ec::system_failure, folder.string() + ": " + problem.message());
  return std::make_shared<sqlite_driver>(std::move(path), std::move(*opened));
}

} // namespace edgeless
