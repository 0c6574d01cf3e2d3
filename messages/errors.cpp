// SPDX-License-Identifier: MIT
#include "messages/errors.hpp"

#include "messages/limits.hpp"

#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace edgeless {

std::string to_string(ec code) {
  static constexpr std::string_view names[] = {
    "none",
    "bad_input",
    "bad_module",
    "compile_failed",
    "guest_fault",
    "no_feasible_node",
    "no_feasible_domain",
    "duplicate",
    "unknown_workflow",
    "unknown_code",
    "unknown_instance",
    "unknown_class",
    "unreachable",
    "lost_session",
    "exhausted",
    "system_failure",
    "stopping",
  };
  static_assert(std::size(names) == static_cast<int>(ec::stopping) + 1);
  auto index = static_cast<std::size_t>(code);
  return std::string{index < std::size(names) ? names[index] : "unknown"};
}

caf::error fail(ec code, std::string sentence) {
  if (sentence.size() > limits::text)
    sentence.resize(limits::text);
  return caf::make_error(code, std::move(sentence));
}

std::string explain(const caf::error& error) {
  if (!error)
    return "it has ended";
  auto& context = error.context();
  if (context.match_elements<std::string>())
    return context.get_as<std::string>(0);
  if (error == caf::sec::request_timeout)
    return "no answer within the deadline";
  if (error == caf::sec::request_receiver_down
      || error == caf::exit_reason::remote_link_unreachable)
    return "the connection is broken";
  if (error.category() == caf::atom("system"))
    return to_string(static_cast<caf::sec>(error.code()));
  if (error.category() == caf::atom("exit"))
    return to_string(static_cast<caf::exit_reason>(error.code()));
  if (error.category() == caf::atom("edgeless"))
    return to_string(static_cast<ec>(error.code()));
  return "error " + std::to_string(error.code());
}

} // namespace edgeless
