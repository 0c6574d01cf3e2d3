// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/base/sha256.hpp"
#include "runtime/state/function_snapshot.hpp"
#include "runtime/state/memory_runs.hpp"

#include "messages/errors.hpp"

using namespace edgeless;

/// Applies the runs to a memory of that size, if it is a small one.
void apply(const guest_state& x) {
  constexpr std::uint64_t largest = 16u << 20;
  if (x.memory > largest)
    return;
  std::string memory(x.memory, '\0');
  apply_runs(x.runs, memory);
}

/// The state of a function, as it stands and with a checksum that is right, and
/// the parts of one that a sandbox sends.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string text{fuzz::text(bytes, size)};
  if (auto plain = decode_snapshot(text))
    apply(plain->guest);
  else
    fuzz::require(!explain(plain.error()).empty());
  if (auto x = decode_snapshot(text + sha256(text))) {
    fuzz::require(encode_snapshot(*x) == text + sha256(text));
    apply(x->guest);
  }
  if (auto head = decode_state_head(text))
    fuzz::require(encode_state_head(*head) == text);
  if (are_valid_runs(text, 65536)) {
    std::string memory(65536, '\0');
    apply_runs(text, memory);
    if (!text.empty()) {
      auto first = size_of_first_runs(text, 1000);
      fuzz::require(first > 0 && are_valid_runs(text.substr(first), 65536));
    }
  }
  return 0;
}
