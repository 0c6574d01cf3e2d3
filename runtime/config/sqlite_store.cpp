// SPDX-License-Identifier: MIT
#include "runtime/base/confined_folder.hpp"
#include "runtime/base/fd.hpp"
#include "runtime/base/log.hpp"
#include "runtime/config/workflow_store.hpp"
#include "runtime/redis/record_json.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>
#include <system_error>

namespace edgeless {

namespace {

namespace json = boost::json;

/// The version of the tables below, stored as user_version.
constexpr int format = 1;

constexpr const char* tables = R"(
  CREATE TABLE IF NOT EXISTS workflow (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    content TEXT NOT NULL,
    domain TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS needs (
    id TEXT NOT NULL,
    code TEXT NOT NULL,
    PRIMARY KEY (id, code)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS module (
    code TEXT PRIMARY KEY,
    bytes BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS tombstone (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE);
)";

/// The part of a workflow that is stored as JSON.
struct content {
  workflow_spec spec;
  std::vector<component_spec> components;
};
BOOST_DESCRIBE_STRUCT(content, (), (spec, components))

/// A statement and its bound values; next() steps through its rows.
class statement {
public:
  statement(sqlite3* db, const char* text) : db_{db} {
    sqlite3_prepare_v2(db, text, -1, &raw_, nullptr);
  }

  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  ~statement() {
    sqlite3_finalize(raw_);
  }

  statement& bind(const std::string& text) {
    sqlite3_bind_text64(raw_, ++bound_, text.data(), text.size(),
                        SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
  }

  statement& bind_bytes(const std::string& bytes) {
    sqlite3_bind_blob64(raw_, ++bound_, bytes.data(), bytes.size(),
                        SQLITE_TRANSIENT);
    return *this;
  }

  statement& bind(std::int64_t number) {
    sqlite3_bind_int64(raw_, ++bound_, number);
    return *this;
  }

  bool next() {
    return raw_ != nullptr && sqlite3_step(raw_) == SQLITE_ROW;
  }

  std::string column(int index) const {
    auto bytes = static_cast<const char*>(sqlite3_column_blob(raw_, index));
    auto size = static_cast<std::size_t>(sqlite3_column_bytes(raw_, index));
    return bytes == nullptr ? std::string{} : std::string{bytes, size};
  }

  int number() const {
    return sqlite3_column_int(raw_, 0);
  }

  /// Runs the statement to its end; false on an error.
  bool finish() {
    while (next()) {
    }
    auto code = sqlite3_errcode(db_);
    return raw_ != nullptr && (code == SQLITE_DONE || code == SQLITE_OK);
  }

private:
  sqlite3* db_;
  sqlite3_stmt* raw_ = nullptr;
  int bound_ = 0;
};

class sqlite_store : public workflow_store {
public:
  /// `is_copy`: of a file on a read-only disk; every change is refused.
  sqlite_store(sqlite3* db, std::string name, bool is_copy)
    : db_{db}, name_{std::move(name)}, is_copy_{is_copy} {
    // nop
  }

  ~sqlite_store() override {
    sqlite3_close(db_);
  }

  caf::error prepare() {
    sqlite3_busy_timeout(db_, 0);
    if (!run("PRAGMA locking_mode = EXCLUSIVE")
        || !run("PRAGMA journal_mode = WAL"))
      return failed("cannot be used");
    statement version{db_, "PRAGMA user_version"};
    auto found = version.next() ? version.number() : -1;
    if (!version.finish())
      return failed("cannot be read");
    statement objects{db_, "SELECT count(*) FROM sqlite_master"};
    auto empty = objects.next() && objects.number() == 0;
    if (!objects.finish() || (found != format && !empty))
      return fail(ec::bad_input, name_
                                   + " is not a database of edgeless_con_d: "
                                     "move it away");
    if (!run("PRAGMA synchronous = FULL") || !run(tables)
        || !run(("PRAGMA user_version = " + std::to_string(format)).c_str()))
      return failed("cannot be written");
    return caf::none;
  }

  caf::expected<std::vector<stored_workflow>> load() override {
    std::vector<stored_workflow> result;
    statement all{db_,
                  "SELECT id, content, domain FROM workflow ORDER BY number"};
    while (all.next()) {
      json::error_code problem;
      auto parsed = json::parse(all.column(1), problem);
      auto id = parse_id<workflow_id>(all.column(0));
      content x;
      if (problem || !id || !from_record(parsed, x))
        return fail(ec::bad_input,
                    name_ + ": workflow " + all.column(0) + " is damaged");
      result.push_back(
        {*id, std::move(x.spec), std::move(x.components), all.column(2)});
    }
    if (!all.finish())
      return failed("cannot be read");
    return result;
  }

  caf::expected<std::string> module(const code_id& code) override {
    statement one{db_, "SELECT bytes FROM module WHERE code = ?"};
    one.bind(code);
    if (!one.next())
      return fail(ec::unknown_code, name_ + " has no module " + code);
    return one.column(0);
  }

  caf::error keep(const code_id& code, const std::string& module) override {
    if (is_copy_)
      return read_only();
    statement add{db_, "INSERT OR IGNORE INTO module VALUES (?, ?)"};
    return write_error(add.bind(code).bind_bytes(module).finish());
  }

  caf::error save(const stored_workflow& x) override {
    if (is_copy_)
      return read_only();
    auto text = json::serialize(to_record(content{x.spec, x.components}));
    auto ok = run("BEGIN");
    statement add{db_, "INSERT INTO workflow (id, content, domain) "
                       "VALUES (?, ?, ?)"};
    ok = ok && add.bind(to_string(x.id)).bind(text).bind(x.domain).finish();
    std::set<code_id> needed;
    for (auto& y : x.components)
      if (!y.code.empty())
        needed.insert(y.code);
    for (auto& code : needed) {
      statement need{db_, "INSERT INTO needs VALUES (?, ?)"};
      ok = ok && need.bind(to_string(x.id)).bind(code).finish();
    }
    return commit(ok);
  }

  caf::error set_domain(const workflow_id& id,
                        const std::string& domain) override {
    if (is_copy_)
      return read_only();
    run("PRAGMA synchronous = NORMAL");
    statement change{db_, "UPDATE workflow SET domain = ? WHERE id = ?"};
    auto ok = change.bind(domain).bind(to_string(id)).finish();
    auto result = write_error(ok);
    run("PRAGMA synchronous = FULL");
    return result;
  }

  caf::error remove(const workflow_id& id) override {
    if (is_copy_)
      return read_only();
    auto name = to_string(id);
    auto ok = run("BEGIN");
    for (auto text :
         {"DELETE FROM workflow WHERE id = ?", "DELETE FROM needs WHERE id = ?",
          "INSERT OR IGNORE INTO tombstone (id) VALUES (?)"}) {
      statement step{db_, text};
      ok = ok && step.bind(name).finish();
    }
    ok = ok
         && run("DELETE FROM module WHERE code NOT IN "
                "(SELECT code FROM needs)");
    statement forget{db_, "DELETE FROM tombstone WHERE number <= "
                          "(SELECT max(number) FROM tombstone) - ?"};
    ok = ok
         && forget.bind(static_cast<std::int64_t>(limits::tombstones)).finish();
    return commit(ok);
  }

  bool removed(const workflow_id& id) override {
    statement one{db_, "SELECT 1 FROM tombstone WHERE id = ?"};
    return one.bind(to_string(id)).next();
  }

private:
  bool run(const char* text) {
    return sqlite3_exec(db_, text, nullptr, nullptr, nullptr) == SQLITE_OK;
  }

  caf::error commit(bool ok) {
    if (ok && run("COMMIT"))
      return caf::none;
    auto problem = failed("cannot be written");
    run("ROLLBACK");
    return problem;
  }

  caf::error write_error(bool ok) {
    return ok ? caf::error{} : failed("cannot be written");
  }

  caf::error read_only() const {
    return fail(ec::system_failure,
                name_ + " cannot be written: it is on a read-only disk");
  }

  caf::error failed(const std::string& what) {
    auto code = sqlite3_errcode(db_) & 0xFF;
    auto why = code == SQLITE_BUSY || code == SQLITE_LOCKED
                 ? "another process uses it"
               : code == SQLITE_NOTADB
                 ? "it is not a database of edgeless_con_d: move it away"
                 : sqlite3_errmsg(db_);
    return fail(ec::system_failure, name_ + " " + what + ": " + why);
  }

  sqlite3* db_;
  std::string name_;
  bool is_copy_;
};

namespace fs = std::filesystem;

/// The database, and the files that SQLite puts beside it.
std::array<fs::path, 3> files_of(const fs::path& file) {
  auto beside = [&](const char* ending) {
    return fs::path{file.string() + ending};
  };
  return {file, beside("-wal"), beside("-shm")};
}

/// Workflows hold what their users confide to them, such as passwords. SQLite
/// gives its other files the mode of the database. A file that exists is not
/// opened: to close it would release the locks of this process.
void make_private(const fs::path& file) {
  file_descriptor made{
    ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  std::error_code not_ours;
  for (auto& x : files_of(file)) {
    protect_file(x);
    fs::permissions(x, fs::perms::owner_read | fs::perms::owner_write,
                    not_ours);
  }
}

bool is_on_read_only_disk(const fs::path& file) {
  auto parent = file.parent_path();
  return ::access(parent.empty() ? "." : parent.c_str(), W_OK) != 0
         && errno == EROFS;
}

caf::expected<workflow_store_ptr> open_database(const fs::path& at,
                                                const fs::path& file) {
  sqlite3* db = nullptr;
  auto code = sqlite3_open_v2(
    at.c_str(), &db,
    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  auto result = std::make_unique<sqlite_store>(db, file.string(), at != file);
  if (code != SQLITE_OK)
    return fail(ec::system_failure,
                file.string() + " cannot be opened: " + sqlite3_errstr(code));
  if (auto problem = result->prepare())
    return problem;
  return workflow_store_ptr{std::move(result)};
}

/// SQLite has to write to read what a crash has left in the write-ahead log:
/// opens a private copy, of which no file remains.
caf::expected<workflow_store_ptr> open_copy(const fs::path& file) {
  std::error_code problem;
  auto folder = (fs::temp_directory_path(problem) / "edgeless-XXXXXX").string();
  if (problem || ::mkdtemp(folder.data()) == nullptr)
    return fail(ec::system_failure,
                file.string()
                  + " is on a read-only disk, and no temporary "
                    "folder can be made to read it");
  auto copy = files_of(fs::path{folder} / "store");
  auto origin = files_of(file);
  std::error_code none; // it may not exist
  for (auto i : {0, 1})
    if (fs::exists(origin[i], none))
      fs::copy_file(origin[i], copy[i], problem);
  auto result = problem ? fail(ec::system_failure,
                               file.string()
                                 + " is on a read-only disk, and cannot "
                                   "be copied to be read: "
                                 + problem.message())
                        : open_database(copy[0], file);
  fs::remove_all(folder, none);
  if (result)
    log_warn("controller",
             "workflows can be listed and inspected only: file=", file.string(),
             " reason=it is on a read-only disk");
  return result;
}

} // namespace

caf::expected<workflow_store_ptr>
open_workflow_store(const std::filesystem::path& file) {
  if (is_on_read_only_disk(file))
    return open_copy(file);
  make_private(file);
  return open_database(file, file);
}

} // namespace edgeless
