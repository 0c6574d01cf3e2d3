// SPDX-License-Identifier: MIT
#include "tools/available_resources.hpp"

#include <boost/describe.hpp>
#include <boost/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace edgeless {

namespace {

struct resource_description {
  std::string class_type;
  std::string description;
  std::string version;
  std::vector<std::string> outputs;
  /// Key -> what it does.
  std::map<std::string, std::string> configurations;
};
BOOST_DESCRIBE_STRUCT(resource_description, (),
                      (class_type, description, version, outputs,
                       configurations))

const std::vector<resource_description> available_resources{
  {"file-log",
   "Appends a line for each event to a file of the node.",
   "1.1",
   {},
   {{"filename", "The file, which is created if it is absent"},
    {"add-source-id", "If present, each line has the instance it comes from"},
    {"add-timestamp", "If present, each line has the time"}}},
  {"redis",
   "Sets a key of a Redis server to the payload of each cast; a call gets the "
   "key that its payload names.",
   "1.2",
   {},
   {{"url", "The URL of the Redis server"},
    {"key", "The key that casts set"},
    {"add-workflow-id", "If present, the key begins with the workflow id"}}},
  {"http-ingress",
   "Calls its output for each HTTP request that matches, and answers with what "
   "the function returns.",
   "2.1",
   {"new_request"},
   {{"host", "Requests with this Host header only; absent: with any"},
    {"method", "Requests with one of these methods only, such as GET,POST"},
    {"methods", "The same, by its former name"},
    {"wf_id", "true: requests with the parameter wf_id of this workflow only"},
    {"async", "true: answers 200 at once, and casts the body"},
    {"encode_base64", "true: encodes the body of a cast"},
    {"http.body", "numbers, base64 or raw: the body in a call; absent: as the "
                  "function asks for"}}},
  {"http-egress",
   "Performs the HTTP request that a call has as JSON, and answers with the "
   "response.",
   "1.2",
   {},
   {{"allow", "The hosts that may be reached; absent: any"}}},
  {"http-poster",
   "Posts the payload of each cast to a URL.",
   "1.0",
   {},
   {{"url", "The URL"},
    {"decode_base64", "true: decodes the payload first"},
    {"allow", "The hosts that may be reached; absent: any"}}},
};

void print(std::ostream& out, const resource_description& x) {
  out << "----------\nclass_type: " << x.class_type
      << "\nversion: " << x.version << "\noutputs: [";
  for (auto& y : x.outputs)
    out << (&y == &x.outputs.front() ? "" : ",") << y;
  out << "]\n";
  if (!x.configurations.empty())
    out << "configurations:\n";
  for (auto& [key, purpose] : x.configurations)
    out << "  - " << key << ": " << purpose << '\n';
  out << "description:\n" << x.description << "\n\n";
}

} // namespace

void print_available_resources(std::ostream& out, bool as_json) {
  if (as_json)
    out << boost::json::value_from(available_resources) << '\n';
  else
    for (auto& x : available_resources)
      print(out, x);
}

} // namespace edgeless
