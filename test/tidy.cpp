// SPDX-License-Identifier: MIT
// Checks what a compiler does not: which floor includes which, where third
// parties and CAF's internals may be included, the size of files and folders,
// READMEs, Redis keys, and words. Each violation is printed as
// `path:line: rule: remedy`. `tidy --words` also prints each forbidden word.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidy_lists.hpp"

namespace fs = std::filesystem;

namespace {

const fs::path root = SOURCE_DIR;

constexpr std::size_t max_files_per_folder = 25;
constexpr std::size_t max_readme_lines = 60;
constexpr std::size_t max_root_readme_lines = 150;

// -- tolerated exceptions -----------------------------------------------------

bool is_tolerated(std::string_view rule, std::string_view path,
                  std::string_view what = "") {
  for (auto& x : exceptions)
    if (x.rule == rule && (x.what.empty() || x.what == what)
        && (path == x.path
            || (x.path.ends_with('/') && path.starts_with(x.path))))
      return x.used = true;
  return false;
}

// -- sources ------------------------------------------------------------------

int violations = 0;

struct source {
  std::string path; ///< relative to the root
  std::vector<std::string> lines;

  std::string floor() const {
    return path.substr(0, path.find('/'));
  }
  bool is_header() const {
    return path.ends_with(".hpp");
  }
  bool is_cpp() const {
    return is_header() || path.ends_with(".cpp");
  }
};

void report(const std::string& path, std::size_t line,
            const std::string& text) {
  std::cout << path << ':' << line + 1 << ": " << text << '\n';
  ++violations;
}

void report(const source& x, std::size_t line, const std::string& text) {
  report(x.path, line, text);
}

source read(const fs::path& file) {
  source result{fs::relative(file, root).string(), {}};
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);)
    result.lines.push_back(line);
  return result;
}

const std::vector<std::string> folders{"messages", "runtime",   "actors",
                                       "tools",    "functions", "examples",
                                       "test",     "scripts",   "docs"};

/// Every text that people write: the words of all are checked.
std::vector<source> sources() {
  static const std::set<std::string> extensions{".cpp", ".hpp", ".py", ".sh",
                                                ".md"};
  std::vector<source> result;
  for (auto& entry : fs::directory_iterator(root))
    if (entry.path().extension() == ".md")
      result.push_back(read(entry.path()));
  for (auto& folder : folders)
    for (auto& entry : fs::recursive_directory_iterator(root / folder))
      if (extensions.contains(entry.path().extension().string()))
        result.push_back(read(entry.path()));
  std::sort(result.begin(), result.end(),
            [](auto& x, auto& y) { return x.path < y.path; });
  return result;
}

// -- words --------------------------------------------------------------------

struct word_count {
  bool verbose = false;
  int total = 0;
  std::map<std::string, int> per_word;
  std::map<std::string, int> per_file;
};

void check_word(word_count& counts, const source& x, std::size_t line,
                const std::string& word, const std::string& remedy) {
  if (is_tolerated("word", x.path, word))
    return;
  ++counts.total;
  ++counts.per_word[word];
  ++counts.per_file[x.path];
  if (words_are_enforced)
    report(x, line, "word: not \"" + word + "\": " + remedy);
  else if (counts.verbose)
    std::cout << x.path << ':' << line + 1 << ": word: not \"" << word
              << "\": " << remedy << '\n';
}

/// Checks a name and its parts: a forbidden word may be one or several of the
/// parts of a snake_case name.
void check_token(word_count& counts, const source& x, std::size_t line,
                 const std::string& token) {
  if (field_names.contains(token))
    return;
  if (auto i = capitals.find(token); i != capitals.end())
    return check_word(counts, x, line, i->first, i->second);
  std::string name = token;
  for (auto& c : name)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (auto& [word, remedy] : words) {
    auto at = ("_" + name + "_").find("_" + word + "_");
    if (at != std::string::npos)
      check_word(counts, x, line, word, remedy);
  }
}

void check_text(word_count& counts, const source& x, std::size_t line,
                const std::string& text) {
  std::string token;
  for (char c : text + '\n')
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '_')
      token += c;
    else if (!token.empty())
      check_token(counts, x, line, std::exchange(token, {}));
}

void check_words(word_count& counts, const source& x) {
  check_text(counts, x, 0, x.path);
  for (std::size_t i = 0; i < x.lines.size(); ++i)
    check_text(counts, x, i, x.lines[i]);
}

void print(const word_count& counts) {
  auto print_highest = [](const std::map<std::string, int>& from) {
    std::vector<std::pair<int, std::string>> all;
    for (auto& [name, count] : from)
      all.emplace_back(count, name);
    std::sort(all.rbegin(), all.rend());
    for (std::size_t i = 0; i < all.size() && i < 12; ++i)
      std::cout << "  " << all[i].first << ' ' << all[i].second << '\n';
  };
  std::cout << counts.total << " forbidden words in " << counts.per_file.size()
            << " files" << (words_are_enforced ? "" : " (not enforced)")
            << '\n';
  if (counts.verbose) {
    print_highest(counts.per_word);
    print_highest(counts.per_file);
  }
}

// -- includes -----------------------------------------------------------------

/// What each floor may include.
const std::map<std::string, std::set<std::string>> floors{
  {"messages", {"messages"}},
  {"runtime", {"runtime", "messages"}},
  {"actors", {"actors", "runtime", "messages"}},
  {"tools", {"tools", "actors", "runtime", "messages"}},
  {"test", {"test", "tools", "actors", "runtime", "messages"}},
};

/// The floors that may include the headers of a third party.
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
  {"curl/", {"runtime"}},
  {"date/", {"runtime"}},
  {"libpq-fe.h", {"runtime"}},
  {"ncurses", {"tools"}},
  {"doctest/", {"test"}},
};

/// Headers of calls that may block. Actors share threads: what they need of
/// this kind is in runtime/, and has a thread of its own.
const std::vector<std::string> blocking_headers{
  "fcntl.h", "unistd.h", "fstream", "cstdio", "netdb.h", "dlfcn.h",
  "sys/",    "netinet/", "arpa/",   "poll.h", "thread"};

void check_include(const source& x, std::size_t i) {
  static const std::regex own{R"re(^#include "([a-z]+)/.*")re"};
  static const std::regex other{R"re(^#include <(.*)>)re"};
  std::smatch m;
  auto& line = x.lines[i];
  if (std::regex_search(line, m, own) && floors.contains(x.floor())
      && floors.contains(m[1]) && !floors.at(x.floor()).contains(m[1]))
    report(x, i,
           "floors: " + x.floor() + "/ may not include " + m[1].str() + "/");
  if (!std::regex_search(line, m, other))
    return;
  for (auto& [prefix, where] : third_parties)
    if (m[1].str().starts_with(prefix) && !where.contains(x.floor()))
      report(x, i,
             "third parties: include " + prefix + " only in " + *where.begin()
               + "/");
  for (auto& prefix : blocking_headers)
    if (x.floor() == "actors" && m[1].str().starts_with(prefix))
      report(x, i, "blocking: <" + m[1].str() + "> is for runtime/ only");
}

void check_idioms(const source& x, std::size_t i) {
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
                                                      "middleman()."
                                                      "publish("};
  auto& line = x.lines[i];
  for (auto& word : everywhere)
    if (line.find(word) != std::string::npos)
      report(x, i, "idiom: no " + word);
  if (x.floor() == "test")
    return;
  for (auto& word : outside_tests)
    if (line.find(word) != std::string::npos
        && !is_tolerated("idiom", x.path, word))
      report(x, i, "idiom: no " + word + " here: give it a deadline");
}

void check_lengths(const source& x) {
  auto limit = x.floor() == "test" ? 500u : 400u;
  if (x.lines.size() > limit)
    report(x, limit,
           "length: more than " + std::to_string(limit)
             + " lines: cut the class");
  auto typeset = false; // tables of handlers are set by hand
  for (std::size_t i = 0; i < x.lines.size(); ++i) {
    auto& line = x.lines[i];
    typeset = line.find("clang-format off") != std::string::npos
              || (typeset && line.find("clang-format on") == std::string::npos);
    auto width = std::count_if(line.begin(), line.end(), [](char c) {
      return (c & 0xC0) != 0x80; // UTF-8
    });
    // A literal that clang-format cannot break may be longer.
    if (width > 80 && !typeset && line.find('"') == std::string::npos)
      report(x, i, "width: 80 columns");
  }
}

void check_shape(const source& x) {
  if (x.lines.empty() || x.lines[0] != "// SPDX-License-Identifier: MIT")
    report(x, 0, "licence: begin with // SPDX-License-Identifier: MIT");
  if (x.is_header()
      && std::find(x.lines.begin(), x.lines.end(), "#pragma once")
           == x.lines.end())
    report(x, 0, "header: #pragma once");
  for (std::size_t i = 0; i < x.lines.size(); ++i) {
    check_include(x, i);
    check_idioms(x, i);
  }
}

/// CAF constructs an aggregate from `self`: that sets its first member.
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
      report(x, i, "states: write " + constructor + "...)");
  }
}

/// Only the actor that spawns another one includes its header.
void check_tree(const std::vector<source>& all) {
  std::set<std::string> actors;
  for (auto& x : all)
    if (x.floor() == "actors" && x.is_header())
      for (auto& line : x.lines)
        if (line.find("::behavior_type") != std::string::npos)
          actors.insert(x.path);
  std::map<std::string, std::set<std::string>> parents;
  for (auto& x : all) {
    if (x.floor() != "actors" || x.is_header())
      continue;
    auto folder = x.path.substr(0, x.path.rfind('/') + 1);
    auto own = x.path.substr(0, x.path.rfind('.')) + ".hpp";
    for (auto& line : x.lines)
      for (auto& actor : actors)
        // The parts of an actor stand in its folder, and know what it spawns.
        if (actor != own && line == "#include \"" + actor + "\""
            && (actors.contains(own) || !actor.starts_with(folder)))
          parents[actor].insert(actors.contains(own) ? x.path : folder);
  }
  for (auto& [actor, includers] : parents)
    if (includers.size() > 1)
      report(actor, 0,
             "tree: included by " + std::to_string(includers.size())
               + " actors, but only the one that spawns it may");
}

/// A name of a type stands in one header: two would be one type to a linker.
void check_names(const std::vector<source>& all) {
  static const std::regex head{
    R"(^(?:struct|class|enum class) ([a-z_0-9]+)(?: final)?(?: : [^{]*)? \{)"};
  std::map<std::string, std::string> known;
  for (auto& x : all)
    if (x.is_header() && x.floor() != "test" && x.floor() != "functions")
      for (std::size_t i = 0; i < x.lines.size(); ++i)
        if (std::smatch m; std::regex_search(x.lines[i], m, head))
          if (auto [at, added] = known.emplace(m[1], x.path);
              !added && at->second != x.path)
            report(x, i, "name: " + m[1].str() + " is also in " + at->second);
}

// -- boundaries ---------------------------------------------------------------

/// CAF's internals change with its version: one folder knows them.
void check_caf(const source& x) {
  static const std::regex internal{R"(<caf/(io|detail)/|caf::(io|detail)::)"};
  if (x.floor() == "test" || !x.is_cpp()
      || x.path.starts_with("runtime/net/basp/"))
    return;
  for (std::size_t i = 0; i < x.lines.size(); ++i)
    if (std::regex_search(x.lines[i], internal) && !is_tolerated("caf", x.path))
      report(x, i, "caf: caf/io and caf/detail only in runtime/net/basp/");
}

/// Each key of Redis has one literal, which readers and writers share.
void check_keys(const source& x) {
  static const std::string keys = "runtime/redis/keys.hpp";
  static const std::regex literal{
    R"re("(nodes?|instance|provider|dependency|performance)re"
    R"re(|intent|workflow|function):)re"};
  if (x.floor() == "test" || !x.is_cpp() || x.path == keys
      || !fs::exists(root / keys))
    return;
  for (std::size_t i = 0; i < x.lines.size(); ++i)
    if (std::regex_search(x.lines[i], literal) && !is_tolerated("keys", x.path))
      report(x, i, "keys: literals of Redis keys only in " + keys);
}

// -- folders ------------------------------------------------------------------

std::size_t lines_of(const fs::path& file) {
  return read(file).lines.size();
}

/// `depth`: 0 for a floor. Folders of a subsystem's folder may do without a
/// README: that of the subsystem names their files.
void check_folder(const fs::path& folder, int depth) {
  static const std::set<std::string> code{".cpp", ".hpp", ".py", ".sh"};
  auto path = fs::relative(folder, root).string();
  std::size_t files = 0;
  std::size_t code_files = 0;
  for (auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory()) {
      if (entry.path().filename() != "__pycache__")
        check_folder(entry.path(), depth + 1);
    } else if (auto extension = entry.path().extension().string();
               extension != ".wasm" && entry.path().filename() != "README.md") {
      ++files;
      code_files += code.contains(extension);
    }
  if (files > max_files_per_folder && !is_tolerated("folder", path))
    report(path, 0,
           "folder: " + std::to_string(files) + " files, at most "
             + std::to_string(max_files_per_folder));
  auto readme = folder / "README.md";
  if (!fs::exists(readme)) {
    if (depth < 2 && code_files > 2)
      report(path, 0, "readme: purpose, files, includes and tests are missing");
  } else if (lines_of(readme) > max_readme_lines
             && !is_tolerated("readme", path + "/README.md"))
    report(path + "/README.md", max_readme_lines,
           "readme: more than " + std::to_string(max_readme_lines) + " lines");
}

/// A README names each unit of its folder, as `name` or `name.hpp`, and each
/// unit that it names in its table of files is there.
void check_readme(const source& x) {
  static const std::regex row{R"(^\| `([a-z_0-9]+)` \|)"};
  auto folder = (root / x.path).parent_path();
  std::string text;
  for (std::size_t i = 0; i < x.lines.size(); ++i) {
    text += x.lines[i] + '\n';
    if (std::smatch m; std::regex_search(x.lines[i], m, row))
      if (auto file = folder / m[1].str();
          !fs::exists(file) && !fs::exists(file.string() + ".hpp")
          && !fs::exists(file.string() + ".cpp"))
        report(x, i, "readme: " + m[1].str() + " is not in this folder");
  }
  for (auto& entry : fs::directory_iterator(folder))
    if (auto& file = entry.path();
        (file.extension() == ".cpp" || file.extension() == ".hpp")
        && text.find('`' + file.stem().string()) == std::string::npos)
      report(x, 0, "readme: " + file.filename().string() + " is missing");
}

/// Relative links of Markdown lead to files.
void check_links(const source& x) {
  static const std::regex link{R"(\]\(([^)#:]+)(#[^)]*)?\))"};
  auto folder = (root / x.path).parent_path();
  for (std::size_t i = 0; i < x.lines.size(); ++i)
    for (std::sregex_iterator m{x.lines[i].begin(), x.lines[i].end(), link};
         m != std::sregex_iterator{}; ++m)
      if (!fs::exists(folder / (*m)[1].str()))
        report(x, i, "link: " + (*m)[1].str() + " is not there");
}

void check_folders() {
  for (auto floor :
       {"messages", "runtime", "actors", "tools", "test", "scripts"})
    check_folder(root / floor, 0);
  if (lines_of(root / "README.md") > max_root_readme_lines)
    report("README.md", max_root_readme_lines,
           "readme: more than " + std::to_string(max_root_readme_lines)
             + " lines");
}

void check_exceptions() {
  for (auto& x : exceptions)
    if (!x.used && words_are_enforced)
      report("test/tidy_lists.hpp", 0,
             "exception: " + std::string{x.rule} + " of " + std::string{x.path}
               + " is not needed any more");
}

} // namespace

int main(int argc, char** argv) {
  word_count counts;
  counts.verbose = argc > 1 && std::string_view{argv[1]} == "--words";
  auto all = sources();
  for (auto& x : all) {
    check_words(counts, x);
    if (x.path.ends_with(".md"))
      check_links(x);
    if (readmes_are_complete && x.path.ends_with("/README.md")
        && (x.floor() == "runtime" || x.floor() == "actors"))
      check_readme(x);
    if (!x.is_cpp() || x.floor() == "functions")
      continue;
    check_shape(x);
    check_lengths(x);
    check_states(x);
    check_caf(x);
    check_keys(x);
  }
  check_tree(all);
  check_names(all);
  check_folders();
  check_exceptions();
  print(counts);
  std::cout << all.size() << " files, " << violations << " violations\n";
  return violations == 0 && all.size() > 50 ? 0 : 1;
}
