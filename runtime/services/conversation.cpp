// SPDX-License-Identifier: MIT
#include "runtime/services/conversation.hpp"

#include "runtime/base/utf8.hpp"

#include "messages/connector_limits.hpp"
#include "messages/errors.hpp"

#include <boost/json.hpp>

namespace edgeless {

namespace json = boost::json;

namespace {

json::object message_of(std::string_view role, std::string_view content) {
  return {{"role", role}, {"content", content}};
}

/// A text of an object; nullptr: it has none.
const json::string* text_at(const json::object& x, std::string_view key) {
  auto* found = x.if_contains(key);
  return found == nullptr ? nullptr : found->if_string();
}

caf::error no_chat(std::string_view text) {
  return fail(ec::unreachable, "the answer is no chat response: "
                                 + std::string{text.substr(0, 200)});
}

} // namespace

caf::expected<std::string> conversation::request(std::string_view question,
                                                 bool in_pieces) const {
  if (!is_utf8(question))
    return fail(ec::bad_input, "the question is no UTF-8 text");
  json::array messages;
  for (auto& x : messages_)
    messages.push_back(message_of(x.role, x.content));
  messages.push_back(message_of("user", question));
  return json::serialize(json::object{
    {"model", model_}, {"messages", messages}, {"stream", in_pieces}});
}

void conversation::add(std::string question, std::string answer) {
  push("user", std::move(question));
  push("assistant", std::move(answer));
  forget();
}

void conversation::push(std::string role, std::string content) {
  bytes_ += content.size();
  messages_.push_back({std::move(role), std::move(content)});
}

void conversation::forget() {
  while (messages_.size() > max_messages_
         || (bytes_ > limits::chat_bytes && !messages_.empty())) {
    bytes_ -= messages_.front().content.size();
    messages_.pop_front();
  }
}

std::string conversation::state() const {
  json::array result;
  for (auto& x : messages_)
    result.push_back(message_of(x.role, x.content));
  return json::serialize(result);
}

void conversation::restore(std::string_view state) {
  boost::system::error_code problem;
  auto parsed = json::parse(state, problem);
  if (problem || !parsed.is_array())
    return;
  for (auto& x : parsed.get_array())
    if (auto* object = x.if_object()) {
      auto* role = text_at(*object, "role");
      auto* content = text_at(*object, "content");
      if (role != nullptr && content != nullptr)
        push(std::string{*role}, std::string{*content});
    }
  forget();
}

caf::expected<std::string> text_of_chat(std::string_view text) {
  boost::system::error_code problem;
  auto parsed = json::parse(text, problem);
  auto* object = problem ? nullptr : parsed.if_object();
  if (object == nullptr)
    return no_chat(text);
  if (auto* error = text_at(*object, "error"))
    return fail(ec::unreachable, "the server answers: " + std::string{*error});
  auto* message = object->if_contains("message");
  if (message == nullptr || !message->is_object())
    return no_chat(text);
  auto* content = text_at(message->get_object(), "content");
  if (content == nullptr)
    return no_chat(text);
  return std::string{*content};
}

} // namespace edgeless
