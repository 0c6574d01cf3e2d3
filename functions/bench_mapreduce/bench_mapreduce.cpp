// SPDX-License-Identifier: MIT

#include "base64.hpp"

using namespace edgeless;

/// A stage of map and reduce: waits for one message of a transaction from each
/// of `inputs`, adds their vectors up and sends the sum to each of `outputs`.
/// The first stage begins a transaction with each event, whose payload is the
/// vector; the last stage ends it. Errors are cast to "err".
struct bench_mapreduce {
  /// The transaction, the branch and a vector; on the wire, all are big-endian
  /// words of 32 bits.
  struct message {
    uint32_t transaction = 0;
    uint32_t source = 0;
    vector<float> values;
  };

  void handle_init(string_view payload, string_view) {
    auto arguments = parse_init_payload(payload);
    id_from_redis = arguments.flag("init_id_from_redis");
    is_first = arguments.flag("is_first");
    is_last = arguments.flag("is_last");
    use_base64 = arguments.flag("use_base64");
    read_list(arguments.get("inputs"), inputs);
    read_list(arguments.get("outputs"), outputs);
    blame_if(is_first && !inputs.empty(),
             "first element with non-empty inputs");
    blame_if(!is_first && inputs.empty(),
             "non-first element with empty inputs");
    blame_if(is_last && !outputs.empty(),
             "last element with non-empty outputs");
    blame_if(!is_last && outputs.empty(),
             "non-last element with empty outputs");
    blame_if(is_first && is_last, "element indicated as first and last");
  }

  static void read_list(string_view list, vector<uint32_t>& out) {
    split(list, ':', [&](string_view token) {
      if (auto number = parse<uint32_t>(token))
        out.push_back(number.value);
    });
  }

  static void blame_if(bool wrong, string_view what) {
    if (wrong)
      cast("err", text("init error: ", what));
  }

  call_result handle_call(const instance_id&, string_view) {
    cast("err", "error: call handler invoked");
    return {};
  }

  void handle_cast(const instance_id&, string_view payload) {
    string decoded;
    auto bytes = payload;
    if (use_base64) {
      if (!from_base64(payload, decoded))
        return cast("err", "error: discarded a message that is not base64");
      bytes = decoded;
    }
    if (is_first)
      return begin(bytes);
    if (bytes.size() < 8)
      return cast("err", text("error: discarded invalid message casted (size ",
                              payload.size(), ")"));
    message x;
    x.transaction = word(bytes, 0);
    x.source = word(bytes, 4);
    read_values(bytes.substr(8), x.values);
    collect(static_cast<message&&>(x));
  }

  /// In the first stage, the whole payload is the vector.
  void begin(string_view bytes) {
    if (id_from_redis && next == 0) {
      auto answer = call("redis", "last_transaction_id");
      if (answer.outcome == call_result::reply)
        next = parse<uint32_t>(answer.payload).value_or(0);
    }
    cast("metric", text("workflow:begin:", next));
    message x;
    x.transaction = next++;
    read_values(bytes, x.values);
    fan_out(x);
  }

  /// A newer transaction ends the wait for an older one.
  void collect(message x) {
    auto known = false;
    for (auto input : inputs)
      known = known || input == x.source;
    if (!known)
      return blame_source(x.source);
    uint32_t newest = x.transaction;
    for (auto& other : pending)
      newest = other.transaction > newest ? other.transaction : newest;
    vector<message> kept;
    for (auto& other : pending)
      if (other.transaction == newest && other.source != x.source)
        kept.push_back(static_cast<message&&>(other));
    if (x.transaction == newest)
      kept.push_back(static_cast<message&&>(x));
    pending = static_cast<vector<message>&&>(kept);
    if (pending.size() == inputs.size())
      is_last ? end(newest) : reduce();
  }

  static void blame_list(string& out, const vector<uint32_t>& numbers) {
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (i)
        out.push_back(',');
      put(out, numbers[i]);
    }
  }

  void blame_source(uint32_t source) {
    auto line = text("error: discarded message from unexpected source ", source,
                     " (expected: ");
    blame_list(line, inputs);
    line.push_back(')');
    cast("err", line);
  }

  void end(uint32_t transaction) {
    cast("metric", text("workflow:end:", transaction));
    if (id_from_redis)
      cast("redis", text(transaction));
    pending.resize(0);
  }

  void reduce() {
    auto& sum = pending[0];
    for (size_t k = 1; k < pending.size(); ++k) {
      auto& other = pending[k].values;
      for (size_t i = 0; i < sum.values.size() && i < other.size(); ++i)
        sum.values[i] += other[i];
    }
    fan_out(sum);
    pending.resize(0);
  }

  void fan_out(message& x) {
    for (auto output : outputs) {
      x.source = output;
      auto bytes = to_bytes(x);
      cast(text("out-", output),
           use_base64 ? base64(bytes) : static_cast<string&&>(bytes));
    }
  }

  static uint32_t word(string_view bytes, size_t at) {
    uint32_t result = 0;
    for (size_t i = 0; i < 4; ++i)
      result = result << 8 | uint8_t(bytes[at + i]);
    return result;
  }

  static void put_word(string& out, uint32_t x) {
    for (int shift = 24; shift >= 0; shift -= 8)
      out.push_back(char(x >> shift));
  }

  static void read_values(string_view bytes, vector<float>& out) {
    out.reserve(bytes.size() / 4);
    for (size_t i = 0; i + 4 <= bytes.size(); i += 4)
      out.push_back(__builtin_bit_cast(float, word(bytes, i)));
  }

  static string to_bytes(const message& x) {
    string out;
    out.reserve(8 + 4 * x.values.size());
    put_word(out, x.transaction);
    put_word(out, x.source);
    for (auto value : x.values)
      put_word(out, __builtin_bit_cast(uint32_t, value));
    return out;
  }

  bool id_from_redis = false;
  bool is_first = false;
  bool is_last = false;
  bool use_base64 = false;
  vector<uint32_t> inputs, outputs;
  uint32_t next = 0; // The next transaction of the first stage.
  vector<message> pending;
};

EDGELESS_EXPORT(bench_mapreduce)
