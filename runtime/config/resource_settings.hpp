// SPDX-License-Identifier: MIT
#pragma once

#include <boost/describe.hpp>

#include <cstdint>
#include <string>

/// The sections of node.toml for single classes of resources. A provider with
/// an empty name is not created.
namespace edgeless {

/// An http or https URL, maybe with a path; "": none.
struct web_url {
  std::string text;
};

/// [resources.file_pusher_provider]
struct file_pusher_settings {
  /// The folder whose files are pushed.
  std::string directory;
  std::string provider;
};

/// [resources.ollama_provider]: a server of language models.
struct ollama_settings {
  std::string host = "localhost";
  std::uint32_t port = 11434;
  /// Messages of a conversation that are kept.
  std::uint32_t messages_number_limit = 30;
  std::string provider;
};

/// [[resources.serverless_provider]]: a function of OpenFaaS.
struct serverless_settings {
  /// The class of resources that call it.
  std::string class_type;
  std::string version;
  web_url function_url;
  std::string provider;
};

BOOST_DESCRIBE_STRUCT(file_pusher_settings, (), (directory, provider))
BOOST_DESCRIBE_STRUCT(ollama_settings, (),
                      (host, port, messages_number_limit, provider))
BOOST_DESCRIBE_STRUCT(serverless_settings, (),
                      (class_type, version, function_url, provider))

} // namespace edgeless
