// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/top.hpp"

#include "messages/errors.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>

// The macros of ncurses would replace common function names.
#define NCURSES_NOMACROS
#include <ncurses.h>

namespace edgeless {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto refresh_interval = 1s;

/// Takes over the screen; the destructor restores the terminal. When a signal
/// ends the program, ncurses does.
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

  /// Draws the table from row `first` on, and a status line.
  void draw(const top_table& table, std::size_t first,
            const std::string& problem) {
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
        problem.empty() ? rest + "q quits, arrows scroll" : problem, A_DIM);
    refresh();
  }

  /// The number of rows that fit.
  static std::size_t rows_shown() {
    return static_cast<std::size_t>(std::max(LINES - 3, 0));
  }

  /// Waits for a key; ERR after the timeout.
  static int key(std::chrono::milliseconds longest) {
    timeout(static_cast<int>(std::max(longest, 0ms).count()));
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

/// The first row after a key was pressed.
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
    return fail(ec::bad_input, "top cannot use this terminal: check TERM");
  std::size_t first = 0;
  std::string problem;
  auto next = clock::now() + refresh_interval;
  for (;;) {
    first = scrolled(first, ERR, table->rows.size());
    all.draw(*table, first, problem);
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(next - clock::now());
    auto key = screen::key(left);
    if (key == 'q' || key == 'Q')
      return caf::none;
    first = scrolled(first, key, table->rows.size());
    if (clock::now() < next)
      continue;
    // Until Redis can be reached again, the last table stays.
    auto newer = source();
    problem = newer ? "" : explain(newer.error());
    if (newer)
      table = std::move(newer);
    next = clock::now() + refresh_interval;
  }
}

} // namespace edgeless
