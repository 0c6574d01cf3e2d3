// SPDX-License-Identifier: MIT
#include "runtime/modules/function_build.hpp"

#include "runtime/base/files.hpp"
#include "runtime/base/subprocess.hpp"
#include "runtime/config/function_file.hpp"
#include "runtime/modules/module_preference.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <string>
#include <system_error>

namespace edgeless {

namespace fs = std::filesystem;

namespace {

/// The inputs and the output of one build.
struct build_job {
  function_file function;
  fs::path folder;
  fs::path source;
  fs::path module;
};

caf::error missing_file(const fs::path& file) {
  return fail(ec::bad_input, file.string() + ": No such file or directory");
}

bool file_exists(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

// -- is the module up to date? ------------------------------------------------

bool is_source(const fs::path& file) {
  static constexpr std::array<std::string_view, 8> kinds
    = {".c", ".cpp", ".h", ".hpp", ".json", ".lock", ".rs", ".toml"};
  return std::ranges::find(kinds, file.extension().string()) != kinds.end();
}

/// When a source in that folder was last written. Skips target/, which has
/// cargo's outputs.
fs::file_time_type newest_source(const fs::path& folder) {
  auto result = fs::file_time_type::min();
  std::error_code ignored;
  fs::recursive_directory_iterator i{folder, ignored}, end;
  for (; !ignored && i != end; i.increment(ignored)) {
    if (i->is_directory(ignored) && i->path().filename() == "target")
      i.disable_recursion_pending();
    else if (is_source(i->path()))
      result = std::max(result, i->last_write_time(ignored));
  }
  return result;
}

bool is_up_to_date(const build_job& x, const fs::path& sdk) {
  std::error_code problem;
  auto made = fs::last_write_time(x.module, problem);
  return !problem && made > newest_source(x.folder)
         && (sdk.empty() || made > newest_source(sdk));
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

caf::error build_cpp(const build_job& x, const fs::path& sdk) {
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
                 "-o",
                 x.module.string(),
                 x.source.string()},
                {},
                {}};
  return run(clang, limits::function_build);
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
  auto target = (x.folder / "target").string();
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
  auto folder = x.folder / "target" / "wasm32-unknown-unknown" / "release";
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

caf::error build_rust(const build_job& x, const build_options& options) {
  auto what = cargo(x, options);
  if (!what)
    return what.error();
  if (auto error = run(*what, limits::function_build))
    return error;
  auto made = find_cargo_output(x);
  if (!made)
    return made.error();
  std::error_code problem;
  fs::copy_file(*made, x.module, fs::copy_options::overwrite_existing, problem);
  if (problem)
    return fail(ec::system_failure,
                x.module.string() + ": " + problem.message());
  return {};
}

// -- the result ---------------------------------------------------------------

/// Appends the isolation of function.json to the module, so that it holds on
/// nodes that get the module without the file.
caf::error append_preference(const build_job& x) {
  if (!x.function.where)
    return {};
  std::ofstream out{x.module, std::ios::binary | std::ios::app};
  out << preference_section(*x.function.where) << std::flush;
  return out ? caf::error{}
             : fail(ec::system_failure,
                    x.module.string() + ": cannot be written");
}

/// Removes a module that does not pass validation.
caf::error validate_module_file(const build_job& x, module_validation check) {
  auto bytes = read_file(x.module, limits::module);
  auto error = bytes ? check(*bytes) : bytes.error();
  if (!error)
    return {};
  std::error_code ignored;
  fs::remove(x.module, ignored);
  return fail(ec::bad_module, x.function.id + ": " + explain(error));
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
              folder / (function->id + ".wasm")};
  if (!file_exists(x.source))
    return missing_file(x.source);
  auto rust = x.source.filename() == "Cargo.toml";
  auto sdk = rust ? fs::path{} : find_sdk(x, options);
  if (!rust && sdk.empty())
    return fail(ec::bad_input,
                "edgeless.hpp is not in " + (folder / "../sdk").string()
                  + " nor installed with this program (share/edgeless/sdk)");
  if (is_up_to_date(x, sdk))
    return build_result{x.module, false};
  if (auto error = rust ? build_rust(x, options) : build_cpp(x, sdk))
    return error;
  if (auto error = append_preference(x))
    return error;
  if (auto error = validate_module_file(x, options.check))
    return error;
  return build_result{x.module, true};
}

} // namespace edgeless
