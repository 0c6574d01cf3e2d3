// SPDX-License-Identifier: MIT
#include "actors/connectors/ollama.hpp"

#include "runtime/services/conversation.hpp"

#include "messages/connector_limits.hpp"

#include <cassert>

namespace edgeless {

namespace {

/// A conversation and the answer under way: shared with the thread of the
/// client, which has it while there is one.
struct chat {
  chat(std::string model, std::size_t max_messages,
       resource_counters_ptr counters)
    : talk{std::move(model), max_messages}, counters{std::move(counters)} {
    // nop
  }

  void cast(const char* channel, std::string text) {
    if (!out->cast(channel, std::move(text)))
      ++counters->casts_refused;
  }

  /// A line of an answer in pieces.
  void add_piece(std::string_view line) {
    if (line.empty() || problem)
      return;
    auto text = text_of_chat(line);
    if (!text) {
      problem = text.error();
    } else if (!text->empty()) {
      answer += *text;
      cast("token", std::move(*text));
    }
  }

  /// The whole answer, when the response has come.
  caf::expected<std::string>
  conclude(const caf::expected<http_response>& response, bool in_pieces) {
    if (!response)
      return response.error();
    if (response->status != 200)
      return fail(ec::unreachable, "ollama: the server answers "
                                     + std::to_string(response->status) + ": "
                                     + response->body.substr(0, 200));
    if (!in_pieces)
      return text_of_chat(response->body);
    add_piece(lines.rest());
    if (problem)
      return problem;
    return answer;
  }

  conversation talk;
  resource_counters_ptr counters;
  outlet_ptr out;
  line_splitter lines;
  std::string answer;
  caf::error problem;
};

class ollama_resource : public resource {
public:
  ollama_resource(const component_spec& spec, std::string url,
                  std::size_t max_messages, std::shared_ptr<http_client> client,
                  resource_counters_ptr counters)
    : model_{setting(spec, "model")}, streams_{equal_ignoring_case(
                                        setting(spec, "stream"), "true")},
      url_{std::move(url)}, client_{std::move(client)},
      chat_{std::make_shared<chat>(model_, max_messages, std::move(counters))} {
    // nop
  }

  void set_outlet(outlet_ptr x) override {
    chat_->out = std::move(x);
  }

  caf::error open() override {
    if (model_.empty())
      return fail(ec::bad_input, "ollama: configuration `model` is missing; it "
                                 "names a model of the server such as llama3");
    return caf::none;
  }

  void begin(const std::string& state, bool,
             caf::actor_clock::time_point) override {
    chat_->talk.restore(state);
  }

  /// An answer is a part of the next question.
  std::size_t capacity() const override {
    return 1;
  }

  outcome handle(const events& batch, caf::actor_clock::time_point) override {
    assert(batch.size() == 1);
    outcome result;
    auto body = chat_->talk.request(batch[0].payload, streams_);
    if (!body) {
      ++chat_->counters->chats_failed;
      return {1, fail(ec::bad_input, "ollama: " + explain(body.error()))};
    }
    result.deferred[0] = ++last_ticket_;
    start(batch[0], std::move(*body));
    return result;
  }

private:
  void start(const event& x, std::string body) {
    chat_->lines = {};
    chat_->answer.clear();
    chat_->problem = caf::none;
    http_client_request request;
    request.url = url_;
    request.method = "POST";
    request.headers = {{"content-type", "application/json"}};
    request.body = std::move(body);
    request.timeout = limits::chat_answer;
    if (streams_)
      request.on_body = [talk = chat_](std::string_view bytes) {
        talk->lines.add(bytes,
                        [&](std::string_view line) { talk->add_piece(line); });
      };
    client_->start(std::move(request),
                   [talk = chat_, ticket = last_ticket_, question = x.payload,
                    is_call = x.kind == event_kind::call, in_pieces = streams_](
                     caf::expected<http_response> response) {
                     auto answer = talk->conclude(response, in_pieces);
                     ++(answer ? talk->counters->chats_answered
                               : talk->counters->chats_failed);
                     if (answer) {
                       talk->talk.add(question, *answer);
                       talk->out->save(talk->talk.state());
                       if (!is_call)
                         talk->cast("out", *answer);
                     }
                     // From here on, the next question may begin.
                     talk->out->finish(ticket, std::move(answer));
                   });
  }

  std::string model_;
  bool streams_;
  std::string url_;
  std::shared_ptr<http_client> client_;
  std::shared_ptr<chat> chat_;
  std::uint64_t last_ticket_ = 0;
};

} // namespace

resource_class ollama(std::string url, std::size_t max_messages,
                      std::shared_ptr<http_client> client,
                      resource_counters_ptr counters) {
  return {[url = std::move(url), max_messages, client = std::move(client),
           counters = std::move(counters)](const component_spec& spec) {
    return std::make_unique<ollama_resource>(spec, url, max_messages, client,
                                             counters);
  }};
}

} // namespace edgeless
