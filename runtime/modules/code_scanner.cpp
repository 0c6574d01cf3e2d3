// SPDX-License-Identifier: MIT
#include "runtime/modules/code_scanner.hpp"

namespace edgeless {

namespace {

/// An index, a block type or an integer constant: LEB128 of any sign.
void skip_leb(module_reader& in) {
  in.number(70);
}

void skip_memory_argument(module_reader& in) {
  if (in.u32() & 0x40)
    in.u32(); // the index of a memory
  in.number(70);
}

/// A vector of indices, such as the labels of br_table.
void skip_indices(module_reader& in) {
  for (auto n = in.count(); n > 0 && in.ok(); --n)
    in.u32();
}

} // namespace

void code_scanner::refuse(module_reader& in, const char* prefix,
                          std::uint32_t code) {
  constexpr const char* digits = "0123456789abcdef";
  unknown = prefix;
  for (int shift = code > 0xFF ? 12 : 4; shift >= 0; shift -= 4)
    unknown += digits[code >> shift & 15];
  in.fail();
}

void code_scanner::read_section(module_reader& in) {
  for (auto n = in.count(); n > 0 && in.ok(); --n) {
    module_reader body{in.take(in.u32())};
    read_body(body);
    if (!body.ok())
      in.fail();
  }
}

void code_scanner::read_body(module_reader& in) {
  for (auto n = in.count(); n > 0 && in.ok(); --n) {
    in.u32(); // that many locals
    in.value_type();
  }
  while (!in.at_end() && in.ok())
    read_instruction(in.byte(), in);
}

/// The codes are those of the core specification, with the proposals for tail
/// calls, typed references and exceptions.
void code_scanner::read_instruction(std::uint8_t code, module_reader& in) {
  switch (code) {
  case 0x00: // unreachable
  case 0x01: // nop
  case 0x05: // else
  case 0x0A: // throw_ref
  case 0x0B: // end
  case 0x0F: // return
  case 0x1A: // drop
  case 0x1B: // select
  case 0xD1: // ref.is_null
  case 0xD3: // ref.eq
  case 0xD4: // ref.as_non_null
    return;
  case 0x02: // block
  case 0x03: // loop
  case 0x04: // if
  case 0x08: // throw
  case 0x0C: // br
  case 0x0D: // br_if
  case 0x10: // call
  case 0x12: // return_call
  case 0x14: // call_ref
  case 0x15: // return_call_ref
  case 0x20: // local.get
  case 0x21: // local.set
  case 0x22: // local.tee
  case 0x23: // global.get
  case 0x25: // table.get
  case 0x3F: // memory.size
  case 0x40: // memory.grow
  case 0x41: // i32.const
  case 0x42: // i64.const
  case 0xD0: // ref.null
  case 0xD2: // ref.func
  case 0xD5: // br_on_null
  case 0xD6: // br_on_non_null
    return skip_leb(in);
  case 0x11: // call_indirect
  case 0x13: // return_call_indirect
    in.u32();
    in.u32();
    return;
  case 0x0E: // br_table
    skip_indices(in);
    in.u32();
    return;
  case 0x1C: // select with types
    for (auto n = in.count(); n > 0 && in.ok(); --n)
      in.value_type();
    return;
  case 0x1F: // try_table
    skip_leb(in);
    for (auto n = in.count(); n > 0 && in.ok(); --n) {
      if (in.byte() < 2)
        in.u32(); // the tag of catch and catch_ref
      in.u32();
    }
    return;
  case 0x24:
    globals.insert(in.u32());
    return;
  case 0x26:
    hidden.insert("table.set");
    in.u32();
    return;
  case 0x43: // f32.const
    in.take(4);
    return;
  case 0x44: // f64.const
    in.take(8);
    return;
  case 0xFC:
    return read_bulk(in);
  case 0xFD:
    return read_vector(in);
  default:
    if (code >= 0x28 && code <= 0x3E)
      return skip_memory_argument(in); // loads and stores
    if (code < 0x45 || code > 0xC4)    // numeric instructions
      refuse(in, "0x", code);
  }
}

void code_scanner::read_bulk(module_reader& in) {
  auto code = in.u32();
  if (code <= 7 || (code >= 19 && code <= 22))
    return; // saturating conversions, 128-bit arithmetic
  switch (code) {
  case 8:  // memory.init
  case 10: // memory.copy
    in.u32();
    in.u32();
    return;
  case 11: // memory.fill
  case 16: // table.size
    in.u32();
    return;
  case 9:
    hidden.insert("data.drop");
    in.u32();
    return;
  case 12:
    hidden.insert("table.init");
    in.u32();
    in.u32();
    return;
  case 13:
    hidden.insert("elem.drop");
    in.u32();
    return;
  case 14:
    hidden.insert("table.copy");
    in.u32();
    in.u32();
    return;
  case 15:
    hidden.insert("table.grow");
    in.u32();
    return;
  case 17:
    hidden.insert("table.fill");
    in.u32();
    return;
  default:
    refuse(in, "0xfc 0x", code);
  }
}

/// SIMD, and relaxed SIMD up to 0x114.
void code_scanner::read_vector(module_reader& in) {
  auto code = in.u32();
  if (code <= 11 || code == 92 || code == 93)
    skip_memory_argument(in); // loads and stores
  else if (code == 12 || code == 13)
    in.take(16); // v128.const, i8x16.shuffle
  else if (code >= 21 && code <= 34)
    in.byte(); // the index of a lane
  else if (code >= 84 && code <= 91) {
    skip_memory_argument(in); // loads and stores of a lane
    in.byte();
  } else if (code > 0x114)
    refuse(in, "0xfd 0x", code);
}

void code_scanner::read_constant(module_reader& in) {
  while (in.ok()) {
    auto code = in.byte();
    switch (code) {
    case 0x0B: // end
      return;
    case 0x23: // global.get
    case 0x41: // i32.const
    case 0x42: // i64.const
    case 0xD0: // ref.null
    case 0xD2: // ref.func
      skip_leb(in);
      break;
    case 0x43: // f32.const
      in.take(4);
      break;
    case 0x44: // f64.const
      in.take(8);
      break;
    case 0x6A: // i32.add, sub, mul
    case 0x6B:
    case 0x6C:
    case 0x7C: // i64.add, sub, mul
    case 0x7D:
    case 0x7E:
      break;
    case 0xFD:
      if (auto vector = in.u32(); vector != 12)
        refuse(in, "0xfd 0x", vector);
      in.take(16);
      break;
    default:
      refuse(in, "0x", code);
    }
  }
}

} // namespace edgeless
