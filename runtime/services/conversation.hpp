// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace edgeless {

/// A conversation with a language model of an Ollama server: the questions and
/// answers that each request repeats. The oldest are forgotten.
class conversation {
public:
  conversation(std::string model, std::size_t max_messages)
    : model_{std::move(model)}, max_messages_{max_messages} {
    // nop
  }

  /// The body of POST /api/chat; an error if the question is no UTF-8 text.
  caf::expected<std::string> request(std::string_view question,
                                     bool in_pieces) const;

  void add(std::string question, std::string answer);

  /// As JSON, for restore().
  std::string state() const;
  /// Continues a conversation; what is no state of one is ignored.
  void restore(std::string_view state);

private:
  struct message {
    std::string role;
    std::string content;
  };

  void push(std::string role, std::string content);
  void forget();

  std::string model_;
  std::size_t max_messages_;
  std::deque<message> messages_;
  std::size_t bytes_ = 0;
};

/// The text of a response of /api/chat, or of one of its pieces; an error if it
/// is none, or has one.
caf::expected<std::string> text_of_chat(std::string_view json);

/// Splits a body into its lines, as it arrives.
class line_splitter {
public:
  /// Calls `take` for each line that ends in `bytes`.
  template <class F>
  void add(std::string_view bytes, F take) {
    for (auto end = bytes.find('\n'); end != std::string_view::npos;
         end = bytes.find('\n')) {
      rest_ += bytes.substr(0, end);
      take(std::string_view{rest_});
      rest_.clear();
      bytes.remove_prefix(end + 1);
    }
    rest_ += bytes;
  }

  /// What has no end yet.
  const std::string& rest() const {
    return rest_;
  }

private:
  std::string rest_;
};

} // namespace edgeless
