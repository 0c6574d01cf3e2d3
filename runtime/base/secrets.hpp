// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>

/// What users confide to a workflow, and what operators do not need to see: it
/// is masked wherever a workflow is shown, and in all logs.
namespace edgeless {

/// Settings with "***" in the place of secrets: the values of keys that name
/// one, such as `password` or `api_key`, and the credentials in URLs.
std::map<std::string, std::string>
masked(std::map<std::string, std::string> settings);

/// A text in which the credentials of all URLs are masked:
/// redis://user:word@host?pass=word becomes redis://***@host?pass=***.
std::string masked_urls(std::string_view text);

} // namespace edgeless
