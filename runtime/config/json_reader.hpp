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

/// What is wrong with a document, one sentence each.
struct fault_list {
  /// Whom the next fault is about; may be empty.
  std::string about;
  std::vector<std::string> sentences;

  void add(const std::string& sentence);
};

/// One object of a document. Every value that is asked for must be there, and
/// of that type, or is a fault that names its path; unknown ones are ignored.
class json_section {
public:
  /// `object` may be null: then there is nothing in it, and nothing wrong.
  json_section(const boost::json::object* object, std::string path,
               fault_list& faults)
    : object_(object), path_(std::move(path)), faults_(&faults) {
    // nop
  }

  /// Of what is missing or wrong, `instead`.
  std::string text(std::string_view key, const std::string& instead = "");
  /// Nothing if it is absent, null or wrong.
  std::string optional_text(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  std::map<std::string, std::string> text_map(std::string_view key);
  json_section section(std::string_view key);
  std::vector<json_section> sections(std::string_view key);

  /// Reports that the value of `key` makes no sense.
  void blame(std::string_view key, const std::string& reason);

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

/// The error is `LINE:COLUMN: what is wrong`.
caf::expected<boost::json::value> parse_json(std::string_view text);

} // namespace edgeless
