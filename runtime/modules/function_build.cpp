// SPDX-License-Identifier: MIT
#include "runtime/modules/function_build.hpp"

#include "runtime/base/files.hpp"
#include "runtime/base/subprocess.hpp"
#include "runtime/config/function_file.hpp"
#include "runtime/modules/build_record.hpp"
#include "runtime/modules/module_preference.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <system_error>

namespace edgeless {

namespace fs = std::filesystem;

namespace {

/// The inputs and the outputs of one build.
struct build_job {
  function_file function;
  fs::path folder;
  fs::path source;
  fs::path module;
  fs::path target; ///< the folder for what compilers make
};

caf::error missing_file(const fs::path& file) {
  return fail(ec::bad_input, file.string() + ": No such file or directory");
}

bool file_exists(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

// -- C++ ----------------------------------------------------------------------

/// The folder of the SDK; empty if there is none.
fs::path find_sdk(const build_job& x, const build_options& options) {
  std::error_code ignored;
  auto program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (auto& folder : {options.sdk, x.folder / ".." / "sdk",
                       program / ".." / "share" / "edgeless" / "sdk"})
    if (!folder.empty() && file_exists(folder / "edgeless.hpp"))
      return folder;
  return {};
}

/// Compiles to target/ID.wasm, unless it was made from the same files, with the
/// same compiler and arguments.
caf::expected<fs::path> build_cpp(const build_job& x, const fs::path& sdk) {
  auto made = x.target / (x.function.id + ".wasm");
  auto dependencies = x.target / (x.function.id + ".d");
  command clang{{"clang++",
                 "--target=wasm32",
                 "-std=c++20",
                 "-O3",
                 "-funroll-loops",
                 "-msimd128",
                 "-mbulk-memory",
                 "-mnontrapping-fptoint",
                 "-msign-ext",
                 "-nostdlib",
                 "-fno-exceptions",
                 "-fno-rtti",
                 "-ffreestanding",
                 "-fno-math-errno",
                 "-Wall",
                 "-Wextra",
                 "-I",
                 sdk.string(),
                 "-Wl,--no-entry",
                 "-Wl,--strip-all",
                 "-MD",
                 "-MF",
                 dependencies.string(),
                 "-o",
                 made.string(),
                 x.source.string()},
                {},
                {}};
  auto version = output_of({{"clang++", "--version"}, {}, {}}, limits::client);
  if (!version)
    return version.error();
  auto recipe = *version;
  for (auto& word : clang.words)
    recipe += '\n' + word;
  build_record last{x.target / (x.function.id + ".record")};
  if (file_exists(made) && last.is_current(recipe))
    return made;
  last.remove();
  auto start = std::chrono::system_clock::now();
  if (auto error = run(clang, limits::function_build))
    return error;
  auto makefile = read_file(dependencies, limits::configuration);
  if (!makefile)
    return makefile.error();
  if (auto error = last.keep(recipe, parse_dependencies(*makefile), start))
    return error;
  return made;
}

// -- Rust ---------------------------------------------------------------------

/// The folder that scripts/rust-wasm-toolchain.sh installs to by default.
fs::path default_rust_folder() {
  if (auto cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    return fs::path{cache} / "edgeless" / "rust";
  auto home = std::getenv("HOME");
  return fs::path{home ? home : "/"} / ".cache" / "edgeless" / "rust";
}

bool rustc_has_target() {
  auto libraries = output_of({{"rustc", "--print", "target-libdir", "--target",
                               "wasm32-unknown-unknown"},
                              {},
                              {}},
                             limits::client);
  if (!libraries)
    return false;
  libraries->erase(libraries->find_last_not_of('\n') + 1);
  return file_exists(*libraries);
}

caf::expected<command> cargo(const build_job& x, const build_options& options) {
  auto target = x.target.string();
  auto own_cargo = (options.rust.empty() ? default_rust_folder() : options.rust)
                   / "wasm-cargo";
  if (file_exists(own_cargo))
    return command{
      {own_cargo.string(), "build", "--release", "--target-dir", target},
      x.folder,
      {}};
  // Functions declare imports without a module; newer linkers refuse undefined
  // symbols unless this is set.
  if (rustc_has_target())
    return command{{"cargo", "build", "--release", "--target",
                    "wasm32-unknown-unknown", "--target-dir", target},
                   x.folder,
                   {"CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="
                    "-Clink-arg=--allow-undefined"}};
  return fail(ec::system_failure,
              "no Rust compiler for wasm32-unknown-unknown: run "
              "scripts/rust-wasm-toolchain.sh, or rustup target add "
              "wasm32-unknown-unknown");
}

/// The module that cargo has built. It is named after the crate, which usually
/// but not necessarily has the name of the function.
caf::expected<fs::path> find_cargo_output(const build_job& x) {
  auto folder = x.target / "wasm32-unknown-unknown" / "release";
  auto crate = x.function.id;
  std::ranges::replace(crate, '-', '_');
  if (file_exists(folder / (crate + ".wasm")))
    return folder / (crate + ".wasm");
  std::vector<fs::path> modules;
  std::error_code problem;
  for (auto& entry : fs::directory_iterator{folder, problem})
    if (entry.path().extension() == ".wasm")
      modules.push_back(entry.path());
  if (modules.size() == 1)
    return modules.front();
  return fail(ec::bad_input, x.source.string()
                               + ": expected a crate of type cdylib "
                                 "with the name "
                               + x.function.id);
}

/// Asks cargo, which builds what has changed: it knows every file that a crate
/// is made from, but notices only newer ones. When a file was replaced by an
/// older one, its fingerprints are removed, so that it builds all of it.
caf::expected<fs::path> build_rust(const build_job& x,
                                   const build_options& options) {
  auto what = cargo(x, options);
  if (!what)
    return what.error();
  build_record last{x.target / (x.function.id + ".record")};
  if (last.has_older_file()) {
    std::error_code ignored;
    fs::remove_all(x.target / "wasm32-unknown-unknown/release/.fingerprint",
                   ignored);
  }
  auto start = std::chrono::system_clock::now();
  if (auto error = run(*what, limits::function_build))
    return error;
  auto made = find_cargo_output(x);
  if (!made)
    return made.error();
  auto dependencies = *made;
  dependencies.replace_extension(".d");
  if (auto makefile = read_file(dependencies, limits::configuration))
    if (auto error = last.keep("cargo", parse_dependencies(*makefile), start))
      return error;
  return made;
}

// -- the result ---------------------------------------------------------------

/// The bytes of the module: what the compiler has made and the isolation of
/// function.json, so that it holds on nodes that get the module without the
/// file.
caf::expected<std::string> content_of(const build_job& x,
                                      const fs::path& made) {
  auto result = read_file(made, limits::module);
  if (result && x.function.where)
    *result += preference_section(*x.function.where);
  return result;
}

/// Replaces the module by one with these bytes; false if it has them already.
caf::expected<bool> install(const build_job& x, const std::string& bytes) {
  if (auto now = read_file(x.module, limits::module); now && *now == bytes)
    return false;
  fs::path part{x.module.string() + ".part"};
  std::error_code problem;
  fs::remove(part, problem);
  if (auto error = write_new_file(part, bytes))
    return error;
  fs::rename(part, x.module, problem);
  if (problem)
    return fail(ec::system_failure,
                x.module.string() + ": " + problem.message());
  return true;
}

} // namespace

caf::expected<build_result> build_function(const fs::path& function_json,
                                           const build_options& options) {
  auto function = load_function_file(function_json);
  if (!function)
    return function.error();
  std::error_code ignored;
  auto folder = fs::absolute(function_json, ignored).parent_path();
  build_job x{*function, folder, folder / function->build,
              folder / (function->id + ".wasm"), folder / "target"};
  if (!file_exists(x.source))
    return missing_file(x.source);
  auto rust = x.source.filename() == "Cargo.toml";
  auto sdk = rust ? fs::path{} : find_sdk(x, options);
  if (!rust && sdk.empty())
    return fail(ec::bad_input,
                "edgeless.hpp is not in " + (folder / "../sdk").string()
                  + " nor installed with this program (share/edgeless/sdk)");
  std::error_code problem;
  fs::create_directories(x.target, problem);
  if (problem)
    return fail(ec::system_failure,
                x.target.string() + ": " + problem.message());
  auto made = rust ? build_rust(x, options) : build_cpp(x, sdk);
  if (!made)
    return made.error();
  auto bytes = content_of(x, *made);
  if (!bytes)
    return bytes.error();
  if (auto error = options.check(*bytes)) {
    fs::remove(x.module, problem);
    return fail(ec::bad_module, x.function.id + ": " + explain(error));
  }
  auto is_new = install(x, *bytes);
  if (!is_new)
    return is_new.error();
  return build_result{x.module, *is_new};
}

} // namespace edgeless
