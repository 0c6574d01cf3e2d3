// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

#include "messages/limits.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

using namespace edgeless;
using edgeless::test::read_module;
using edgeless::test::scripted_host;
namespace fs = std::filesystem;

namespace {

/// A directory that is removed at the end of the test.
struct temporary_directory {
  temporary_directory() {
    auto pattern = (fs::temp_directory_path() / "engine-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }

  ~temporary_directory() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }

  fs::path path;
};

fs::path only_file(const fs::path& directory) {
  auto first = fs::directory_iterator{directory};
  REQUIRE(first != fs::directory_iterator{});
  auto result = first->path();
  CHECK(++first == fs::directory_iterator{});
  return result;
}

void check_runs(const guest_class_ptr& made) {
  REQUIRE(made);
  scripted_host host;
  auto x = made->instantiate(host, {});
  REQUIRE(x);
  host.inbox.push_back({hook::cast, {}, "a", {}});
  CHECK(test::run(**x) == progress::idle);
  CHECK(host.journal == test::lines{"out: a"});
}

std::string compile_error(guest_engine& engine, const std::string& module) {
  auto result = engine.compile(sha256(module), module);
  REQUIRE(!result);
  CHECK(!engine.find(sha256(module)));
  return explain(result.error());
}

} // namespace

TEST_CASE("engine: finds what it has compiled, and nothing else") {
  auto engine = make_wasm_engine({});
  auto module = read_module("echo");
  CHECK(!engine->find(sha256(module)));
  CHECK(!engine->find("../../etc/passwd"));

  auto made = engine->compile(sha256(module), module);
  REQUIRE(made);
  CHECK(engine->find(sha256(module)) == *made);
  CHECK(*engine->compile(sha256(module), module) == *made);
  check_runs(*made);
}

TEST_CASE("engine: a class outlives its engine, and a guest its class") {
  auto engine = make_wasm_engine({});
  auto made = test::load(*engine, read_module("echo"));
  engine.reset();
  scripted_host host;
  auto x = made->instantiate(host, {});
  REQUIRE(x);
  made.reset();
  host.inbox.push_back({hook::cast, {}, "a", {}});
  CHECK(test::run(**x) == progress::idle);
}

TEST_CASE("engine: compiled modules survive a restart on disk, readable by the "
          "owner only") {
  temporary_directory folder;
  auto cache = folder.path / "new" / "cache";
  auto module = read_module("echo");
  test::load(*make_wasm_engine({.cache = cache}), module);

  struct stat status {};
  REQUIRE(stat(cache.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  REQUIRE(stat(only_file(cache).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  auto engine = make_wasm_engine({.cache = cache});
  check_runs(engine->find(sha256(module)));
  CHECK(!engine->find(sha256("another")));
}

TEST_CASE(
  "engine: a damaged cache file is ignored and the module is compiled again") {
  temporary_directory cache;
  auto module = read_module("echo");
  test::load(*make_wasm_engine({.cache = cache.path}), module);
  auto file = only_file(cache.path);
  auto size = fs::file_size(file);

  SUBCASE("cut off") {
    fs::resize_file(file, size / 2);
  }
  SUBCASE("empty") {
    fs::resize_file(file, 0);
  }
  SUBCASE("longer") {
    fs::resize_file(file, size + 1);
  }
  SUBCASE("one byte is another") {
    std::fstream{file}.seekp(static_cast<std::streamoff>(size / 2)) << '!';
  }
  SUBCASE("a link to elsewhere") {
    fs::rename(file, cache.path / "elsewhere");
    fs::create_symlink(cache.path / "elsewhere", file);
  }

  auto engine = make_wasm_engine({.cache = cache.path});
  CHECK(!engine->find(sha256(module)));
  check_runs(test::load(*engine, module));
  check_runs(make_wasm_engine({.cache = cache.path})->find(sha256(module)));
}

TEST_CASE("engine: a cache file under the name of another module is ignored") {
  temporary_directory cache;
  auto module = read_module("echo");
  test::load(*make_wasm_engine({.cache = cache.path}), module);
  auto file = only_file(cache.path);
  auto other = sha256("another");
  fs::rename(file, cache.path / (other + file.filename().string().substr(64)));
  CHECK(!make_wasm_engine({.cache = cache.path})->find(other));
}

TEST_CASE("engine: runs without a cache when its directory cannot be used") {
  temporary_directory folder;
  auto file = folder.path / "file";
  std::ofstream{file} << "not a directory";
  CHECK(check_module_cache(file));
  CHECK(!check_module_cache(folder.path));

  auto engine = make_wasm_engine({.cache = file});
  check_runs(test::load(*engine, read_module("echo")));
}

TEST_CASE("engine: refuses a module whose hash is not its id") {
  auto engine = make_wasm_engine({});
  auto module = read_module("echo");
  auto result = engine->compile(sha256("another"), module);
  REQUIRE(!result);
  CHECK(result.error() == ec::bad_module);
  CHECK(!engine->find(sha256("another")));
}

TEST_CASE("engine: refuses a module for its outline before it is compiled") {
  auto engine = make_wasm_engine({.cache = {}, .compiler = "/no/such/program"});
  CHECK(compile_error(*engine, "garbage")
        == "the bytes are not a WebAssembly module");
  CHECK(compile_error(*engine, read_module("faulty"))
          .starts_with("the export memory is missing; "));
  CHECK(compile_error(*engine, read_module("minimal"))
          .starts_with("the compile process cannot be started: "));
}

TEST_CASE("engine: a table beyond the limit is refused at instantiation") {
  auto made = test::load(test::shared_engine(), read_module("tables"));
  scripted_host host;
  auto x = made->instantiate(host, {});
  REQUIRE(!x);
  CHECK(x.error() == ec::bad_module);
  CHECK(explain(x.error()).find("table") != std::string::npos);
}

TEST_CASE(
  "engine: a refused module is refused again without a compile process") {
  temporary_directory folder;
  auto compiler = folder.path / "compiler";
  fs::create_symlink(fs::read_symlink("/proc/self/exe"), compiler);
  auto engine = make_wasm_engine({.cache = {}, .compiler = compiler});
  // A valid outline with invalid code: `end` became `nop`.
  auto module = read_module("minimal");
  module[module.find("\x41\x80\x08\x0B") + 3] = '\x01';
  auto first = compile_error(*engine, module);
  CHECK(first.starts_with("the module is not valid: "));
  fs::remove(compiler);
  CHECK(compile_error(*engine, module) == first);
  CHECK(compile_error(*engine, read_module("minimal")) != first);
}
