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
    {"encode_base64", "true: encodes the body of a cast"}}},
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
  {"cron",
   "Casts to its output at each slot of a schedule, wherever it runs.",
   "1.0",
   {"out"},
   {{"schedule", "Second, minute, hour, day, month, day of the week, such as "
                 "0 30 8 * * mon-fri"},
    {"timezone", "Of the schedule, such as Europe/Madrid; absent: UTC"},
    {"every", "Instead of a schedule: a period such as 500ms, 10s, 5m, 2h, 1d"},
    {"missed", "What happens to slots in which no instance ran: skip, once or "
               "all"},
    {"payload", "The payload of each cast; absent: the time of the slot"}}},
  {"file-pusher",
   "Casts the files of a folder to its output, one each period, again and "
   "again.",
   "1.0",
   {"out"},
   {{"period-ms", "The period in milliseconds; absent: 1000"},
    {"encode-base64", "true: encodes the files"}}},
  {"ollama",
   "Asks a language model of an Ollama server, and casts its answers.",
   "1.1",
   {"out", "token"},
   {{"model", "The model"},
    {"stream", "true: casts the pieces of an answer to token as they come"}}},
  {"sqlx",
   "Executes the statements of casts and calls in a database of SQLite or "
   "PostgreSQL.",
   "1.1",
   {},
   {{"url", "The URL of the database"},
    {"timeout-ms", "The deadline of a statement; absent: 5000"}}},
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

void print_available_resources(std::ostream& out, bool as_json,
                               const std::vector<serverless_settings>& more) {
  auto all = available_resources;
  for (auto& x : more)
    if (!x.provider.empty())
      all.push_back({x.class_type,
                     "Calls a function of OpenFaaS with each cast or call.",
                     x.version,
                     {"err", "out"},
                     {}});
  if (as_json)
    out << boost::json::value_from(all) << '\n';
  else
    for (auto& x : all)
      print(out, x);
}

} // namespace edgeless
