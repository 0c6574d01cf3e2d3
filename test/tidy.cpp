// SPDX-License-Identifier: MIT
// The house keeps its shape: floors, third parties, lengths, words. Each fault
// is printed as `path:line: rule: remedy`.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const fs::path root = SOURCE_DIR;
int faults = 0;

struct source {
  std::string path; ///< relative to the root
  std::vector<std::string> lines;

  std::string floor() const {
    return path.substr(0, path.find('/'));
  }
  bool header() const {
    return path.ends_with(".hpp");
  }
};

void fault(const source& x, std::size_t line, const std::string& text) {
  std::cout << x.path << ':' << line + 1 << ": " << text << '\n';
  ++faults;
}

std::vector<source> sources() {
  std::vector<source> result;
  for (auto folder : {"messages", "runtime", "actors", "tools", "test"})
    for (auto& entry : fs::recursive_directory_iterator(root / folder)) {
      auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp")
        continue;
      source x{fs::relative(entry.path(), root).string(), {}};
      std::ifstream in{entry.path()};
      for (std::string line; std::getline(in, line);)
        x.lines.push_back(line);
      result.push_back(std::move(x));
    }
  return result;
}

/// What a floor may include, besides itself: the floors above it.
const std::map<std::string, std::set<std::string>> floors{
  {"messages", {"messages"}},
  {"runtime", {"runtime", "messages"}},
  {"actors", {"actors", "runtime", "messages"}},
  {"tools", {"tools", "actors", "runtime", "messages"}},
  {"test", {"test", "tools", "actors", "runtime", "messages"}},
};

/// Whose headers may be included where: never in a header of ours.
const std::map<std::string, std::set<std::string>> third_parties{
  {"wasm.h", {"runtime"}},
  {"wasmtime", {"runtime"}},
  {"openssl/", {"runtime", "test"}},
  {"spdlog/", {"runtime"}},
  {"toml++/", {"runtime"}},
  {"sqlite3.h", {"runtime"}},
  {"hiredis/", {"runtime"}},
  {"prometheus/", {"runtime"}},
  {"CLI/", {"tools"}},
  {"ncurses", {"tools"}},
  {"doctest/", {"test"}},
};

void check_include(const source& x, std::size_t i) {
  static const std::regex own{R"re(^#include "([a-z]+)/.*")re"};
  static const std::regex other{R"re(^#include <(.*)>)re"};
  std::smatch m;
  auto& line = x.lines[i];
  if (std::regex_search(line, m, own) && floors.contains(x.floor())
      && floors.contains(m[1]) && !floors.at(x.floor()).contains(m[1]))
    fault(x, i, "floors: " + x.floor() + " stands below " + m[1].str());
  if (!std::regex_search(line, m, other))
    return;
  for (auto& [prefix, where] : third_parties)
    if (m[1].str().starts_with(prefix) && !where.contains(x.floor()))
      fault(x, i,
            "third parties: " + prefix + " lives in " + *where.begin()
              + "/ alone");
}

void check_words(const source& x, std::size_t i) {
  static const std::vector<std::string> everywhere{"TO"
                                                   "DO",
                                                   "FIX"
                                                   "ME",
                                                   "caf::"
                                                   "linked",
                                                   "using name"
                                                   "space std;"};
  static const std::vector<std::string> outside_tests{"caf::"
                                                      "infinite",
                                                      "sleep_"
                                                      "for",
                                                      "remote_"
                                                      "actor(",
                                                      ".publish"
                                                      "("};
  auto& line = x.lines[i];
  for (auto& word : everywhere)
    if (line.find(word) != std::string::npos)
      fault(x, i, "words: no " + word);
  if (x.floor() == "test" || x.path == "tools/program.cpp"
      || x.path.starts_with("tools/report")
      || x.path.starts_with("tools/loadgen"))
    return;
  for (auto& word : outside_tests)
    if (line.find(word) != std::string::npos)
      fault(x, i, "words: no " + word + " here: give it a deadline");
}

void check_lengths(const source& x) {
  auto limit = x.floor() == "test" ? 500u : 400u;
  if (x.lines.size() > limit)
    fault(x, limit, "length: a file is a room you see across: split it");
  auto typeset = false; // tables of handlers are set by hand
  for (std::size_t i = 0; i < x.lines.size(); ++i) {
    auto& line = x.lines[i];
    typeset = line.find("clang-format off") != std::string::npos
              || (typeset && line.find("clang-format on") == std::string::npos);
    std::size_t width = 0;
    for (char c : line)
      width += (c & 0xC0) != 0x80; // UTF-8
    if (width > 80 && !typeset)
      fault(x, i, "width: 80 columns");
  }
}

void check_shape(const source& x) {
  if (x.lines.empty() || x.lines[0] != "// SPDX-License-Identifier: MIT")
    fault(x, 0, "licence: begin with // SPDX-License-Identifier: MIT");
  if (x.header()
      && std::find(x.lines.begin(), x.lines.end(), "#pragma once")
           == x.lines.end())
    fault(x, 0, "header: #pragma once");
  for (std::size_t i = 0; i < x.lines.size(); ++i) {
    check_include(x, i);
    check_words(x, i);
  }
}

/// CAF can make an aggregate from `self`, silently setting its first member.
void check_states(const source& x) {
  if (x.floor() != "actors")
    return;
  static const std::regex head{R"(^struct ([a-z_]+_state)( :.*)? \{)"};
  std::smatch m;
  for (std::size_t i = 0; i < x.lines.size(); ++i) {
    if (!std::regex_search(x.lines[i], m, head))
      continue;
    auto constructor = "explicit " + m[1].str() + "(";
    auto found = false;
    for (auto k = i; k < x.lines.size() && x.lines[k] != "};"; ++k)
      found = found || x.lines[k].find(constructor) != std::string::npos;
    if (!found)
      fault(x, i, "states: write " + constructor + "...)");
  }
}

/// Only the parent of an actor knows more of it than its interface.
void check_tree(const std::vector<source>& all) {
  std::set<std::string> actors;
  for (auto& x : all)
    if (x.floor() == "actors" && x.header())
      for (auto& line : x.lines)
        if (line.find("::behavior_type") != std::string::npos)
          actors.insert(x.path);
  std::map<std::string, std::set<std::string>> parents;
  for (auto& x : all) {
    if (x.floor() != "actors" || x.header())
      continue;
    auto own = x.path.substr(0, x.path.rfind('.')) + ".hpp";
    for (auto& line : x.lines)
      for (auto& actor : actors)
        if (actor != own && line == "#include \"" + actor + "\""
            && fs::exists(root / own))
          parents[actor].insert(x.path);
  }
  for (auto& [actor, who] : parents)
    if (who.size() > 1) {
      std::cout << actor << ":1: tree: included by " << who.size()
                << " actors, but only its parent may\n";
      ++faults;
    }
}

} // namespace

int main() {
  auto all = sources();
  for (auto& x : all) {
    check_shape(x);
    check_lengths(x);
    check_states(x);
  }
  check_tree(all);
  std::cout << all.size() << " files, " << faults << " faults\n";
  return faults == 0 && all.size() > 50 ? 0 : 1;
}
