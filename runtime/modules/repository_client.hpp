// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/function_file.hpp"
#include "runtime/config/settings.hpp"

#include <caf/expected.hpp>

#include <cstddef>
#include <string>
#include <vector>

/// The function repository of EDGELESS: a web server that keeps functions for
/// others. Its calls block, each up to limits::repository; answers are bounded.
/// Certificates are verified, and redirections are errors.
namespace edgeless {

struct repository_request {
  std::string url;
  std::vector<std::string> headers;
  std::string user{}; ///< basic authentication; "": none
  std::string password{};
  /// Sent by POST as it is, or as the part "file" of a form; "": a GET.
  std::string body{};
  bool is_form = false;
};

struct repository_answer {
  std::string body;
  /// The header Content-Disposition; "": none.
  std::string disposition;
};

/// Sends a request and waits for the answer, of at most `max` bytes. An answer
/// with another status than 200 to 299 is an error. Errors name the URL and the
/// reason: ec::unreachable, ec::exhausted, ec::bad_input.
caf::expected<repository_answer> fetch(const repository_request& x,
                                       std::size_t max);

/// The file name of a header Content-Disposition, without folders; "" if there
/// is none that may be used for a new file.
std::string file_name_of(const std::string& disposition);

class repository_client {
public:
  using settings = cli_settings::repository_section;

  /// With an API key, paths are those of EDGELESS 1.1 and later, else those of
  /// 1.0.
  explicit repository_client(settings where) : where_{std::move(where)} {
    // nop
  }

  /// What the repository says about a function, in JSON.
  caf::expected<std::string> get(const std::string& name) const;

  struct code_file {
    std::string name; ///< proposed by the repository; may be empty
    std::string bytes;
  };

  caf::expected<code_file> download(const std::string& id) const;

  struct receipt {
    std::string code_file;
    std::string function;
  };

  /// Adds a module, then the function that it belongs to.
  caf::expected<receipt> push(const std::string& module,
                              const function_file& function) const;

private:
  repository_request request(const std::string& path) const;

  settings where_;
};

} // namespace edgeless
