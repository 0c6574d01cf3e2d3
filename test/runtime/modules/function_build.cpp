// SPDX-License-Identifier: MIT
#include "runtime/modules/function_build.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "runtime/base/files.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

caf::error accept(std::string_view) {
  return {};
}

caf::error refuse(std::string_view) {
  return fail(ec::bad_module, "lacks handle_cast");
}

std::string function_json(const std::string& build) {
  return R"({"id": "f-1", "function_type": "RUST_WASM", "version": "0.1",
             "build": ")"
         + build + R"(", "outputs": []})";
}

/// The folder of a C++ function, with the SDK beside it.
struct cpp_function : folder {
  cpp_function() {
    write("f/function.json", function_json("f.cpp"));
    write("f/f.cpp", "#include <edgeless.hpp>\n"
                     "extern \"C\" int answer() { return the_answer; }\n");
    set_answer(42);
  }

  void set_answer(int x) const {
    write("sdk/edgeless.hpp",
          "constexpr int the_answer = " + std::to_string(x) + ";\n");
  }

  caf::expected<build_result> build(module_validation check = accept) {
    return build_function(*this / "f/function.json", {{}, {}, check});
  }

  /// Builds; the number that `answer` returns.
  char answer() {
    auto result = build();
    REQUIRE_MESSAGE(result, explain(result.error()));
    // i32.const N, end
    auto bytes = *read_file(result->module, limits::module);
    auto at = bytes.find("\x41");
    while (at != std::string::npos && bytes.substr(at + 2, 1) != "\x0b")
      at = bytes.find("\x41", at + 1);
    REQUIRE(at != std::string::npos);
    return bytes[at + 1];
  }

  /// As if the file had been written long ago.
  void age(std::string_view name) const {
    std::filesystem::last_write_time(
      *this / name, std::filesystem::file_time_type::clock::now() - 24h);
  }
};

/// The folder of a Rust function, and a fake cargo that writes `text` to
/// `made`.
struct rust_function : folder {
  explicit rust_function(const std::string& made, const std::string& text) {
    write("f/function.json", function_json("Cargo.toml"));
    write("f/Cargo.toml", "[package]\n");
    write("rust/wasm-cargo", "#!/bin/sh -e\n"
                             "echo asked >> asked\n"
                             "[ \"$1 $2 $3\" = \"build --release "
                             "--target-dir\" ]\n"
                             "out=\"$4/wasm32-unknown-unknown/release\"\n"
                             "mkdir -p \"$out\"\n"
                             "printf '"
                               + text + "' > \"$out/" + made + "\"\n"
                               + "echo \"$out/x.wasm: $PWD/lib.rs\" > \"$out/"
                               + made.substr(0, made.find('.')) + ".d\"\n");
    std::filesystem::permissions(*this / "rust/wasm-cargo",
                                 std::filesystem::perms::owner_all);
  }

  caf::expected<build_result> build(module_validation check = accept) {
    return build_function(*this / "f/function.json",
                          {{}, *this / "rust", check});
  }
};

} // namespace

TEST_CASE("function build: compiles C++ to a module named after the function") {
  cpp_function f;
  auto result = f.build();

  REQUIRE_MESSAGE(result, explain(result.error()));
  CHECK(result->built);
  CHECK(result->module == f / "f/f-1.wasm");
  CHECK(read_file(result->module, limits::module)
          ->starts_with(std::string_view{"\0asm", 4}));
}

TEST_CASE("function build: a module without a change is up to date") {
  cpp_function f;
  REQUIRE(f.build());
  auto made = std::filesystem::last_write_time(f / "f/target/f-1.wasm");

  CHECK(!f.build()->built);
  CHECK(std::filesystem::last_write_time(f / "f/target/f-1.wasm") == made);
}

TEST_CASE("function build: a change of whatever the compiler has read triggers "
          "a build") {
  cpp_function f;
  f.write("common/word.hpp", "#define WORD 1\n");
  f.write("f/table.inc", "2\n");
  f.write("f/f.cpp", "#include <edgeless.hpp>\n"
                     "#include \"../common/word.hpp\"\n"
                     "extern \"C\" __attribute__((export_name(\"answer\"))) "
                     "int answer() { return the_answer * WORD -\n"
                     "#include \"table.inc\"\n"
                     "; }\n");
  CHECK(f.answer() == 40);

  f.set_answer(43);
  CHECK(f.answer() == 41);
  f.write("f/table.inc", "3\n");
  CHECK(f.answer() == 40);
  f.write("common/word.hpp", "#define WORD 0\n");
  CHECK(f.answer() == 0x7d); // -3
}

TEST_CASE("function build: an older source that replaces the source triggers "
          "a build") {
  cpp_function f;
  f.write("f/f.cpp", "extern \"C\" __attribute__((export_name(\"answer\"))) "
                     "int answer() { return 7; }\n");
  CHECK(f.answer() == 7);

  f.write("f/f.cpp", "extern \"C\" __attribute__((export_name(\"answer\"))) "
                     "int answer() { return 8; }\n");
  f.age("f/f.cpp");

  CHECK(f.answer() == 8);
}

TEST_CASE("function build: a module that was replaced is restored") {
  cpp_function f;
  REQUIRE(f.build());
  auto bytes = read_file(f / "f/f-1.wasm", limits::module);
  f.write("f/f-1.wasm", "something else");

  CHECK(f.build()->built);
  CHECK(read_file(f / "f/f-1.wasm", limits::module) == bytes);
}

TEST_CASE("function build: a compiler error leaves no module") {
  cpp_function f;
  f.write("f/f.cpp", "#error this line on stderr is expected\n");
  auto result = f.build();

  REQUIRE(!result);
  CHECK(explain(result.error()) == "clang++: failed with status 1");
  CHECK(!std::filesystem::exists(f / "f/f-1.wasm"));
}

TEST_CASE("function build: a module that fails validation is removed, with the "
          "reason") {
  cpp_function f;
  auto result = f.build(refuse);

  REQUIRE(!result);
  CHECK(explain(result.error()) == "f-1: lacks handle_cast");
  CHECK(!std::filesystem::exists(f / "f/f-1.wasm"));
}

TEST_CASE("function build: C++ without the SDK is refused") {
  cpp_function f;
  std::filesystem::remove_all(f / "sdk");
  auto result = f.build();

  REQUIRE(!result);
  CHECK(explain(result.error()).starts_with("edgeless.hpp is not in "));
}

TEST_CASE("function build: a missing source is named") {
  cpp_function f;
  std::filesystem::remove(f / "f/f.cpp");

  CHECK(explain(f.build().error())
        == (f / "f/f.cpp").string() + ": No such file or directory");
}

TEST_CASE("function build: a Rust function is built by cargo") {
  rust_function f{"f_1.wasm", "bytes"};
  auto result = f.build();

  REQUIRE_MESSAGE(result, explain(result.error()));
  CHECK(result->built);
  CHECK(*read_file(f / "f/f-1.wasm", limits::module) == "bytes");
}

TEST_CASE("function build: a crate may have another name than its function") {
  rust_function f{"something_else.wasm", "bytes"};
  REQUIRE(f.build());
  CHECK(*read_file(f / "f/f-1.wasm", limits::module) == "bytes");
}

TEST_CASE("function build: a crate that makes no module is an error") {
  rust_function f{"program", "bytes"};
  CHECK(explain(f.build().error())
          .ends_with(": expected a crate of type cdylib with the name f-1"));
}

TEST_CASE("function build: a Rust module is validated as well") {
  rust_function f{"f_1.wasm", "bytes"};
  CHECK(explain(f.build(refuse).error()) == "f-1: lacks handle_cast");
  CHECK(!std::filesystem::exists(f / "f/f-1.wasm"));
}

TEST_CASE("function build: cargo is always asked") {
  rust_function f{"f_1.wasm", "bytes"};
  REQUIRE(f.build());

  CHECK(!f.build()->built); // the same bytes
  CHECK(*read_file(f / "f/asked", limits::text) == "asked\nasked\n");
}

TEST_CASE("function build: cargo is told to build all when an older source "
          "replaces the source") {
  rust_function f{"f_1.wasm", "bytes"};
  f.write("f/lib.rs", "// 1");
  auto prints = "f/target/wasm32-unknown-unknown/release/.fingerprint/f-1";
  f.write(prints, "of 1");
  REQUIRE(f.build());
  REQUIRE(f.build());
  REQUIRE(std::filesystem::exists(f / prints));

  f.write("f/lib.rs", "// 2");
  std::filesystem::last_write_time(
    f / "f/lib.rs", std::filesystem::file_time_type::clock::now() - 24h);
  REQUIRE(f.build());

  CHECK(!std::filesystem::exists(f / prints));
}
