// SPDX-License-Identifier: MIT
#include "runtime/config/templates.hpp"

#include "runtime/base/files.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <system_error>

namespace edgeless {

namespace {

constexpr unsigned char controller_bytes[] = {
#include "conf/controller.toml.inc"
};

constexpr unsigned char orchestrator_bytes[] = {
#include "conf/orchestrator.toml.inc"
};

constexpr unsigned char node_bytes[] = {
#include "conf/node.toml.inc"
};

constexpr unsigned char cli_bytes[] = {
#include "conf/cli.toml.inc"
};

template <std::size_t Size>
std::string text_of(const unsigned char (&bytes)[Size]) {
  return {reinterpret_cast<const char*>(bytes), Size};
}

/// Sets the value of a key that occurs once in `text`, at the beginning of a
/// line.
void set(std::string& text, const std::string& key, const std::string& value) {
  auto begin = text.find('\n' + key + " = ");
  if (begin == std::string::npos)
    return;
  begin += key.size() + 4;
  auto end = text.find('\n', begin);
  text.replace(begin, end - begin, '"' + value + '"');
}

std::string local_url(std::size_t port) {
  return "http://127.0.0.1:" + std::to_string(port);
}

/// The node with this index; each node has ten ports.
std::string box_node(std::size_t index, const random_source& random) {
  auto result = node_template(random);
  auto port = limits::box_first_port + 10 * index;
  set(result, "agent_url", local_url(port));
  set(result, "invocation_url", local_url(port + 1));
  set(result, "metrics_url", local_url(port + 2));
  if (index != 0)
    for (auto kind : {"http_ingress", "http_egress", "http_poster", "file_log",
                      "redis", "cron", "sqlx"})
      set(result, std::string{kind} + "_provider", "");
  return result;
}

void replace_all(std::string& text, const std::string& from,
                 const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

void add_cli(std::vector<config_file>& files) {
  if (std::ranges::find(files, "cli.toml", &config_file::name) == files.end())
    files.push_back({"cli.toml", cli_template()});
}

caf::error refuse(const std::filesystem::path& file) {
  return fail(ec::duplicate,
              "cannot overwrite configuration file: " + file.string());
}

} // namespace

std::string controller_template() {
  return text_of(controller_bytes);
}

std::string orchestrator_template() {
  return text_of(orchestrator_bytes);
}

std::string cli_template() {
  return text_of(cli_bytes);
}

std::string node_template(const random_source& random) {
  auto result = text_of(node_bytes);
  set(result, "node_id", to_string(draw<node_id>(random)));
  return result;
}

std::vector<config_file> box_templates(const random_source& random) {
  return {{"node.toml", node_template(random)},
          {"orchestrator.toml", orchestrator_template()},
          {"controller.toml", controller_template()}};
}

caf::expected<std::vector<config_file>>
box_templates(std::size_t nodes, const random_source& random) {
  if (nodes == 0 || nodes > limits::box_nodes)
    return fail(ec::bad_input, "a box has from 1 to "
                                 + std::to_string(limits::box_nodes)
                                 + " nodes, not " + std::to_string(nodes));
  std::vector<config_file> result{
    {"controller.toml", controller_template()},
    {"orchestrator.toml", orchestrator_template()}};
  for (std::size_t i = 0; i < nodes; ++i)
    result.push_back(
      {"node" + std::to_string(i + 1) + ".toml", box_node(i, random)});
  return result;
}

caf::expected<std::vector<config_file>>
with_ports_from(std::vector<config_file> files, std::size_t first_port) {
  constexpr std::size_t shared = 4;
  constexpr std::size_t each = 4;
  std::size_t nodes = 0;
  add_cli(files);
  for (auto& [name, text] : files) {
    replace_all(text, local_url(7011), local_url(first_port));
    set(text, "controller_url", local_url(first_port + 1));
    if (name == "orchestrator.toml") {
      set(text, "agent_url", local_url(first_port + 2));
      set(text, "invocation_url", local_url(first_port + 3));
    }
    replace_all(text, "\"domain-1\"",
                "\"domain-" + std::to_string(first_port) + '"');
    if (name.starts_with("node")) {
      auto port = first_port + shared + each * nodes++;
      set(text, "agent_url", local_url(port));
      set(text, "invocation_url", local_url(port + 1));
      set(text, "metrics_url", local_url(port + 2));
      set(text, "http_ingress_url", local_url(port + 3));
    }
  }
  if (first_port == 0 || first_port + shared + each * nodes > 65536)
    return fail(ec::bad_input,
                "the ports of this box would be from "
                  + std::to_string(first_port) + " to "
                  + std::to_string(first_port + shared - 1 + each * nodes)
                  + ": they have to be from 1 to 65535");
  return files;
}

std::vector<config_file> with_host(std::vector<config_file> files,
                                   const std::string& host) {
  add_cli(files);
  for (auto& [name, text] : files)
    replace_all(text, "http://127.0.0.1:", "http://" + host + ":");
  return files;
}

caf::error write_template(const std::filesystem::path& file,
                          std::string_view text) {
  std::error_code ignored;
  // write_new_file() refuses a file that is created after this check.
  if (std::filesystem::symlink_status(file, ignored).type()
      != std::filesystem::file_type::not_found)
    return refuse(file);
  return write_new_file(file, text);
}

caf::error write_templates(const std::filesystem::path& folder,
                           const std::vector<config_file>& files) {
  std::error_code problem;
  if (!folder.empty())
    std::filesystem::create_directories(folder, problem);
  if (problem)
    return fail(ec::system_failure, folder.string() + ": " + problem.message());
  for (auto& [name, text] : files)
    if (std::filesystem::exists(folder / name, problem))
      return refuse(folder / name);
  for (auto& [name, text] : files)
    if (auto error = write_template(folder / name, text))
      return error;
  return {};
}

caf::error write_box(const std::filesystem::path& folder,
                     const std::vector<config_file>& files) {
  std::error_code problem;
  std::filesystem::directory_iterator content{folder, problem};
  if (!problem && content != std::filesystem::directory_iterator{})
    return fail(ec::duplicate,
                folder.string()
                  + ": is not empty; remove the old configuration files");
  return write_templates(folder, files);
}

} // namespace edgeless
