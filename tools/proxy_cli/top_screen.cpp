// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/top.hpp"

#include "messages/errors.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>

// Its macros have the names of everybody's functions.
#define NCURSES_NOMACROS
#include <ncurses.h>

namespace edgeless {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto refresh_interval = 1s;

/// The whole screen, and afterwards the terminal as it was, also when a signal
/// ends the program: ncurses sees to that.
class screen {
public:
  screen() : terminal_(newterm(nullptr, stdout, stdin)) {
    if (!terminal_)
      return;
    cbreak();
    noecho();
    keypad(stdscr, true);
    curs_set(0);
  }

  ~screen() {
    if (!terminal_)
      return;
    endwin();
    delscreen(terminal_);
  }

  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;

  explicit operator bool() const {
    return terminal_ != nullptr;
  }

  /// The table from row `first` on, and a line with what else there is to say.
  void draw(const top_table& table, std::size_t first,
            const std::string& trouble) {
    erase();
    auto width = COLS;
    auto shown = rows_shown();
    put(0, width, table.title, A_BOLD);
    put(1, width, table.header(), A_REVERSE);
    auto end = std::min(table.rows.size(), first + shown);
    for (auto i = first; i < end; ++i)
      put(static_cast<int>(2 + i - first), width, table.row(i), A_NORMAL);
    auto rest = table.rows.size() > end
                  ? std::to_string(table.rows.size() - end) + " more below, "
                  : "";
    put(LINES - 1, width - 1,
        trouble.empty() ? rest + "q quits, arrows scroll" : trouble, A_DIM);
    refresh();
  }

  /// Rows for which there is room.
  static std::size_t rows_shown() {
    return static_cast<std::size_t>(std::max(LINES - 3, 0));
  }

  /// Waits for a key; ERR if none came in time.
  static int key(std::chrono::milliseconds patience) {
    timeout(static_cast<int>(std::max(patience, 0ms).count()));
    return getch();
  }

private:
  static void put(int line, int width, const std::string& text, int how) {
    if (line < 0 || line >= LINES || width <= 0)
      return;
    attrset(how);
    mvaddnstr(line, 0, text.c_str(), width);
    attrset(A_NORMAL);
  }

  SCREEN* terminal_;
};

/// Which row comes first after a key.
std::size_t scrolled(std::size_t first, int key, std::size_t rows) {
  auto page = std::max<std::size_t>(screen::rows_shown(), 1);
  switch (key) {
  case KEY_UP:
    first -= std::min<std::size_t>(first, 1);
    break;
  case KEY_DOWN:
    ++first;
    break;
  case KEY_PPAGE:
    first -= std::min(first, page);
    break;
  case KEY_NPAGE:
    first += page;
    break;
  default:
    break;
  }
  return std::min(first, rows - std::min(rows, page));
}

} // namespace

caf::error watch_table(const top_source& source) {
  if (isatty(STDOUT_FILENO) == 0 || isatty(STDIN_FILENO) == 0)
    return fail(ec::bad_input, "top needs a terminal: see show instead");
  auto table = source();
  if (!table)
    return table.error();
  screen all;
  if (!all)
    return fail(ec::bad_input, "top cannot use this terminal: is TERM right?");
  std::size_t first = 0;
  std::string trouble;
  auto next = clock::now() + refresh_interval;
  for (;;) {
    first = scrolled(first, ERR, table->rows.size());
    all.draw(*table, first, trouble);
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(next - clock::now());
    auto key = screen::key(left);
    if (key == 'q' || key == 'Q')
      return caf::none;
    first = scrolled(first, key, table->rows.size());
    if (clock::now() < next)
      continue;
    // Redis may come back: until then, what was last seen stays.
    auto newer = source();
    trouble = newer ? "" : explain(newer.error());
    if (newer)
      table = std::move(newer);
    next = clock::now() + refresh_interval;
  }
}

} // namespace edgeless
