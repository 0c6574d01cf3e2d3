// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// The faults of a document, one sentence each.
struct fault_list {
  /// The component that the next fault is about; may be empty.
  std::string subject;
  std::vector<std::string> sentences;

  void add(const std::string& sentence);
};

/// One object of a document. A value that is read must be present and of the
/// right type; otherwise a fault with its path is added. Unknown keys are
/// ignored.
class json_section {
public:
  /// `object` may be nullptr: then all values are absent, without a fault.
  json_section(const boost::json::object* object, std::string path,
               fault_list& faults)
    : object_(object), path_(std::move(path)), faults_(&faults) {
    // nop
  }

  /// `fallback` if the value is missing or of the wrong type.
  std::string text(std::string_view key, const std::string& fallback = "");
  /// The same for a text that must not be empty.
  std::string word(std::string_view key, const std::string& fallback = "");
  /// Empty if the value is absent, null or of the wrong type.
  std::string optional_text(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  std::map<std::string, std::string> text_map(std::string_view key);
  json_section section(std::string_view key);
  std::vector<json_section> sections(std::string_view key);

  /// Adds a fault of the value of `key`.
  void add_fault(std::string_view key, const std::string& reason);

  const std::string& path() const {
    return path_;
  }

private:
  const boost::json::value* find(std::string_view key);

  std::string path_of(std::string_view key) const;

  const boost::json::object* object_;
  std::string path_;
  fault_list* faults_;
};

/// A key that an object has twice is an error, too. The error is
/// `LINE:COLUMN: reason`.
caf::expected<boost::json::value> parse_json(std::string_view text);

} // namespace edgeless
