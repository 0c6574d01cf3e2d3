// SPDX-License-Identifier: MIT
#include "runtime/redis/reply_parser.hpp"

#include "messages/errors.hpp"

#include <hiredis/hiredis.h>

#include <cassert>

namespace edgeless {

namespace {

using kind = redis_reply::kind;

/// Allocates the reply that begins; nullptr if the budget is used up. Lists
/// grow with their items, not by their announced length.
redis_reply* new_reply(const redisReadTask* task, std::size_t size) {
  auto& left = *static_cast<std::size_t*>(task->privdata);
  auto cost = sizeof(redis_reply) + size;
  if (cost > left)
    return nullptr;
  left -= cost;
  if (task->parent == nullptr)
    return new redis_reply;
  auto* list = static_cast<redis_reply*>(task->parent->obj);
  return &list->items.emplace_back();
}

void* make_text(const redisReadTask* task, char* bytes, std::size_t size) {
  auto* x = new_reply(task, size);
  if (x != nullptr) {
    x->type = task->type == REDIS_REPLY_ERROR ? kind::error : kind::text;
    x->text.assign(bytes, size);
  }
  return x;
}

void* make_list(const redisReadTask* task, int) {
  auto* x = new_reply(task, 0);
  if (x != nullptr)
    x->type = kind::list;
  return x;
}

void* make_number(const redisReadTask* task, long long value) {
  auto* x = new_reply(task, 0);
  if (x != nullptr) {
    x->type = kind::number;
    x->number = value;
  }
  return x;
}

void* make_nothing(const redisReadTask* task) {
  return new_reply(task, 0);
}

void discard(void* x) {
  delete static_cast<redis_reply*>(x);
}

redisReplyObjectFunctions makers{make_text, make_list, make_number,
                                 make_nothing, discard};

} // namespace

redis_reply_parser::redis_reply_parser(std::size_t budget)
  : reader_{redisReaderCreateWithFunctions(&makers), redisReaderFree},
    budget_{budget}, memory_{budget} {
  if (reader_)
    reader_->privdata = &memory_;
}

redis_reply_parser::~redis_reply_parser() {
  // nop
}

caf::error redis_reply_parser::feed(std::string_view bytes) {
  auto too_much = [this] {
    return fail(ec::exhausted,
                "the replies exceed " + std::to_string(budget_ >> 20) + " MiB");
  };
  bytes_ += bytes.size();
  if (bytes_ > budget_)
    return too_much();
  if (!reader_
      || redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK)
    return fail(ec::exhausted, "not enough memory for the reply");
  for (;;) {
    void* next = nullptr;
    if (redisReaderGetReply(reader_.get(), &next) != REDIS_OK)
      return reader_->err == REDIS_ERR_OOM
               ? too_much()
               : fail(ec::bad_input,
                      "protocol error: " + std::string{reader_->errstr});
    if (next == nullptr)
      return caf::none;
    std::unique_ptr<redis_reply> owned{static_cast<redis_reply*>(next)};
    complete.push_back(std::move(*owned));
    assert(memory_ <= budget_ && bytes_ <= budget_);
  }
}

void append_command(std::string& bytes, const redis_command& command) {
  bytes += '*' + std::to_string(command.size()) + "\r\n";
  for (auto& x : command) {
    bytes += '$' + std::to_string(x.size()) + "\r\n";
    bytes += x;
    bytes += "\r\n";
  }
}

} // namespace edgeless
