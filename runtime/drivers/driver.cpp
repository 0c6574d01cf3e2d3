// SPDX-License-Identifier: MIT
#include "runtime/drivers/driver.hpp"

#include "messages/errors.hpp"

#include <dlfcn.h>

#include <filesystem>
#include <map>
#include <mutex>

namespace edgeless {

namespace {

using driver_entry = void* (*)(const char**);

/// Where the driver is: beside the program, or as it is installed.
std::string path_of_driver(const std::string& name) {
  std::error_code ignored;
  auto folder
    = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  auto file = "libedgeless_" + name + ".so";
  auto installed = folder.parent_path() / "lib/edgeless" / file;
  return std::filesystem::exists(installed, ignored) ? installed
                                                     : folder / file;
}

caf::expected<void*> open_driver(const std::string& name) {
  auto path = path_of_driver(name);
  // RTLD_NOW: a library that is missing shows here, not in the middle of work.
  auto* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return fail(ec::system_failure,
                "the driver for " + name + " cannot be loaded: " + ::dlerror()
                  + "; install edgeless-connectors-" + name);
  auto entry
    = reinterpret_cast<driver_entry>(::dlsym(library, "edgeless_driver"));
  const char* version = "";
  auto* object = entry ? entry(&version) : nullptr;
  if (!object || version != driver_version) {
    // The text of the version is a part of the library.
    auto problem = fail(ec::system_failure, path + " is of version \"" + version
                                              + "\" instead of "
                                              + std::string{driver_version});
    ::dlclose(library);
    return problem;
  }
  return object;
}

} // namespace

caf::expected<void*> load_driver_object(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, void*> loaded;
  std::lock_guard guard{mutex};
  if (auto i = loaded.find(name); i != loaded.end())
    return i->second;
  auto object = open_driver(name);
  if (object)
    loaded.emplace(name, *object);
  return object;
}

} // namespace edgeless
