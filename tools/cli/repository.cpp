// SPDX-License-Identifier: MIT
#include "tools/cli/repository.hpp"

#include "tools/program.hpp"

#include "runtime/base/files.hpp"
#include "runtime/base/log.hpp"
#include "runtime/modules/repository_client.hpp"
#include "runtime/net/url.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <filesystem>
#include <iostream>
#include <memory>

namespace edgeless {

namespace {

struct repository_arguments {
  std::string what, function, output;
};

caf::expected<repository_client> open(const std::string& config_file) {
  auto settings = load_cli_settings(config_file);
  if (!settings)
    return settings.error();
  auto& where = settings->function_repository;
  if (where.url.text.empty())
    return fail(ec::bad_input, config_file
                                 + ": function_repository.url is missing: "
                                   "it is a URL such as "
                                   "https://repository.example.org");
  auto parsed = parse_url(where.url.text);
  if (where.url.text.starts_with("http:") && !(parsed && is_loopback(*parsed)))
    std::cerr << "edgeless_cli: " << where.url.text
              << " is not encrypted: passwords and functions can be read and "
                 "changed on the way\n";
  return repository_client{where};
}

caf::error get(const repository_client& from, const std::string& name) {
  auto text = from.get(name);
  if (!text)
    return text.error();
  // Lines of JSON; what else a terminal would obey is left out.
  std::erase_if(*text, [](unsigned char c) {
    return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
  });
  std::cout << "Successfully get function " << *text << '\n';
  return caf::none;
}

caf::error download(const repository_client& from,
                    const repository_arguments& x) {
  auto file = from.download(x.what);
  if (!file)
    return file.error();
  auto name = x.output.empty() ? file->name : x.output;
  if (name.empty())
    return fail(ec::bad_input, "the repository proposes no file name: name one "
                               "with --output");
  if (auto problem = write_new_file(name, file->bytes))
    return problem;
  std::cout << "filename:\n\"" << name << "\"\nFile downloaded successfully.\n";
  return caf::none;
}

/// Described by a function.json, or as in EDGELESS 1.0 by its type alone.
caf::expected<function_file> describe(const repository_arguments& x) {
  if (x.function.ends_with(".json"))
    return load_function_file(x.function);
  function_file result;
  result.id = std::filesystem::path{x.what}.filename().string();
  result.function_type = x.function;
  result.version = "0.1";
  result.outputs = {"success_cb", "failure_cb"};
  return result;
}

caf::error push(const repository_client& to, const repository_arguments& x) {
  auto function = describe(x);
  if (!function)
    return function.error();
  auto module = read_file(x.what, limits::module);
  if (!module)
    return module.error();
  if (module->empty())
    return fail(ec::bad_input, x.what + ": is empty");
  auto done = to.push(*module, *function);
  if (!done)
    return done.error();
  std::cout << "receive code_file_id " << printable(done->code_file)
            << "\nFunction saved with id: " << printable(done->function)
            << '\n';
  return caf::none;
}

} // namespace

void add_repository_commands(CLI::App& group, cli_command& chosen) {
  auto arguments = std::make_shared<repository_arguments>();
  auto add = [&](const char* name, const char* purpose, auto verb) {
    return add_command(group, name, purpose, chosen,
                       [arguments, verb](const std::string& config_file) {
                         auto repository = open(config_file);
                         return repository ? verb(*repository, *arguments)
                                           : repository.error();
                       });
  };
  add("get", "Show what the function repository knows about a function",
      [](auto& from, auto& x) { return get(from, x.what); })
    ->add_option("name", arguments->what, "The name of the function")
    ->required();
  auto* fetch_it
    = add("download", "Download a code file from the function repository",
          [](auto& from, auto& x) { return download(from, x); });
  fetch_it->add_option("id", arguments->what, "The id of the code file")
    ->required();
  fetch_it->add_option("-o,--output", arguments->output,
                       "The new file; default: as the repository proposes");
  auto* push_it = add("push", "Add a function to the function repository",
                      [](auto& to, auto& x) { return push(to, x); });
  push_it->add_option("module", arguments->what, "The module to upload")
    ->required();
  push_it
    ->add_option("function", arguments->function,
                 "Its function.json, or only its type such as RUST_WASM")
    ->required();
}

} // namespace edgeless
