// SPDX-License-Identifier: MIT
#include "test/fuzz/frames.hpp"

#include "test/fuzz/fuzz.hpp"

using namespace edgeless;

namespace {

/// The verdict on bytes in pieces of this size, and the bytes that passed.
std::pair<refusal, std::string> classify(std::string_view text, bool accepted,
                                         std::size_t piece) {
  frame_validator check{fuzz::all_admitted(accepted)};
  std::string passed;
  auto verdict = refusal::none;
  for (std::size_t i = 0; i < text.size() && verdict == refusal::none;
       i += piece) {
    verdict = check.feed(text.substr(i, piece));
    std::string out(check.ready(), '\0');
    check.take(out.data(), out.size());
    passed += out;
  }
  return {verdict, passed};
}

} // namespace

/// A whole connection; the first byte chooses its side. The bytes that pass
/// are a prefix of the input, and do not depend on how the input is split.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0)
    return 0;
  auto text = fuzz::text(bytes + 1, size - 1);
  auto accepted = bytes[0] % 2 == 0;
  auto at_once = classify(text, accepted, size);
  fuzz::require(text.starts_with(at_once.second));
  fuzz::require(at_once == classify(text, accepted, 61));
  return 0;
}
