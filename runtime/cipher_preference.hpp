// SPDX-License-Identifier: MIT
#pragma once

namespace edgeless {

/// Which ciphers are preferred for connections, as a property query of OpenSSL
/// (property(7)); null: OpenSSL's own. Since 3.1, OpenSSL makes use of AVX-512
/// for AES-GCM; before, where the processor has it, this makes libipsec-mb's
/// AES-256-GCM known to OpenSSL. For any thread, as often as it likes.
const char* cipher_preference();

} // namespace edgeless
