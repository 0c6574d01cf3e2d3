// SPDX-License-Identifier: MIT
#include "runtime/delivery/disk_queue.hpp"

#include "runtime/base/files.hpp"

#include "messages/errors.hpp"

#include <sqlite3.h>

#include <cassert>
#include <utility>

namespace edgeless {

namespace {

/// What an item takes in the file beside its bytes, roughly.
constexpr std::int64_t item_overhead = 16;

constexpr const char* queue_tables = R"(
  CREATE TABLE IF NOT EXISTS item (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    bytes BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS label (text TEXT NOT NULL);
)";

std::string bytes_in(sqlite3_stmt* row, int column) {
  auto bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
  return bytes ? std::string{bytes, size} : std::string{};
}

} // namespace

caf::expected<std::unique_ptr<disk_queue>>
disk_queue::open(const std::filesystem::path& file, std::uint64_t capacity,
                 const std::string& label) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    if (auto problem = write_secret_file(file, ""))
      return problem;
  std::unique_ptr<disk_queue> result{new disk_queue{file, capacity}};
  if (auto problem = result->prepare(label))
    return problem;
  return result;
}

caf::error disk_queue::prepare(const std::string& label) {
  auto failed = [this] {
    return fail(ec::system_failure,
                file_.string() + " cannot be used: " + sqlite3_errmsg(db_));
  };
  if (sqlite3_open_v2(file_.c_str(), &db_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr)
        != SQLITE_OK
      || !run("PRAGMA locking_mode = EXCLUSIVE")
      || !run("PRAGMA journal_mode = WAL")
      || !run("PRAGMA synchronous = NORMAL") || !run(queue_tables))
    return failed();
  auto prepare = [this](const char* text, sqlite3_stmt*& to) {
    return sqlite3_prepare_v2(db_, text, -1, &to, nullptr) == SQLITE_OK;
  };
  if (!prepare("INSERT INTO item (bytes) VALUES (?)", insert_)
      || !prepare("SELECT number, bytes FROM item WHERE number > ? "
                  "ORDER BY number LIMIT ?",
                  select_)
      || !prepare("DELETE FROM item WHERE number = ? RETURNING length(bytes)",
                  delete_)
      || !prepare("DELETE FROM item WHERE number = "
                  "(SELECT min(number) FROM item) RETURNING length(bytes)",
                  delete_first_))
    return failed();
  sqlite3_stmt* find = nullptr;
  if (!prepare("SELECT count(*), coalesce(sum(length(bytes)), 0), "
               "coalesce((SELECT seq FROM sqlite_sequence), 0), "
               "(SELECT text FROM label) FROM item",
               find))
    return failed();
  auto is_read = sqlite3_step(find) == SQLITE_ROW;
  if (is_read) {
    size_ = static_cast<std::uint64_t>(sqlite3_column_int64(find, 0));
    bytes_ = static_cast<std::uint64_t>(sqlite3_column_int64(find, 1))
             + size_ * item_overhead;
    last_ = sqlite3_column_int64(find, 2);
    label_ = bytes_in(find, 3);
  }
  sqlite3_finalize(find);
  if (!is_read)
    return failed();
  if (label_.empty() && !label.empty()) {
    sqlite3_stmt* write = nullptr;
    if (!prepare("INSERT INTO label VALUES (?)", write))
      return failed();
    sqlite3_bind_text64(write, 1, label.data(), label.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
    auto is_written = sqlite3_step(write) == SQLITE_DONE;
    sqlite3_finalize(write);
    if (!is_written)
      return failed();
    label_ = label;
  }
  return caf::none;
}

disk_queue::~disk_queue() {
  close();
}

void disk_queue::close() {
  for (auto** x : {&insert_, &select_, &delete_, &delete_first_})
    sqlite3_finalize(std::exchange(*x, nullptr));
  sqlite3_close(std::exchange(db_, nullptr));
}

void disk_queue::erase() {
  close();
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

bool disk_queue::run(const char* text) {
  return sqlite3_exec(db_, text, nullptr, nullptr, nullptr) == SQLITE_OK;
}

void disk_queue::subtract(std::int64_t bytes) {
  auto n = static_cast<std::uint64_t>(bytes + item_overhead);
  assert(size_ > 0);
  assert(bytes_ >= n);
  --size_;
  bytes_ -= n;
}

caf::expected<std::uint64_t>
disk_queue::push(const std::vector<std::string>& items) {
  auto is_written = run("BEGIN");
  std::uint64_t added = 0;
  for (auto i = items.begin(); is_written && i != items.end(); ++i) {
    sqlite3_bind_blob64(insert_, 1, i->data(), i->size(), SQLITE_STATIC);
    is_written = sqlite3_step(insert_) == SQLITE_DONE;
    sqlite3_reset(insert_);
    added += i->size() + item_overhead;
  }
  auto last = sqlite3_last_insert_rowid(db_);
  if (!is_written || !run("COMMIT")) {
    std::string why = sqlite3_errmsg(db_);
    run("ROLLBACK");
    return fail(ec::exhausted, file_.string() + " cannot be written: " + why);
  }
  if (!items.empty())
    last_ = last;
  size_ += items.size();
  bytes_ += added;
  std::uint64_t dropped = 0;
  if (bytes_ > capacity_) {
    run("BEGIN");
    while (bytes_ > capacity_ && size_ > 0 && remove_first())
      ++dropped;
    run("COMMIT");
  }
  return dropped;
}

bool disk_queue::remove_first() {
  auto is_removed = sqlite3_step(delete_first_) == SQLITE_ROW;
  if (is_removed)
    subtract(sqlite3_column_int64(delete_first_, 0));
  sqlite3_reset(delete_first_);
  return is_removed;
}

std::vector<disk_queue::item> disk_queue::read(std::int64_t after,
                                               std::size_t n) {
  std::vector<item> result;
  sqlite3_bind_int64(select_, 1, after);
  sqlite3_bind_int64(select_, 2, static_cast<std::int64_t>(n));
  while (sqlite3_step(select_) == SQLITE_ROW)
    result.push_back({sqlite3_column_int64(select_, 0), bytes_in(select_, 1)});
  sqlite3_reset(select_);
  return result;
}

void disk_queue::remove(const std::vector<std::int64_t>& numbers) {
  if (numbers.empty())
    return;
  run("BEGIN");
  for (auto number : numbers) {
    sqlite3_bind_int64(delete_, 1, number);
    if (sqlite3_step(delete_) == SQLITE_ROW)
      subtract(sqlite3_column_int64(delete_, 0));
    sqlite3_reset(delete_);
  }
  run("COMMIT");
}

} // namespace edgeless
