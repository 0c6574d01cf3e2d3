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
  {"mqtt-ingress",
   "Casts the messages of an MQTT broker.",
   "1.0",
   {"out"},
   {{"url", "The broker, such as mqtt://localhost:1883 or mqtts://host"},
    {"topics", "Filters, separated by commas; + and # are wildcards"},
    {"qos", "0, 1 (default) or 2"},
    {"version", "5 (default) or 3.1.1"},
    {"user", "The user"},
    {"password", "The password"},
    {"client_id", "Instead of one made of the component's id"},
    {"session_secs", "How long the broker keeps messages; default: a day"},
    {"add-topic", "true: the first line of each event is the topic"},
    {"will_topic", "Where the broker tells that the connection is lost"},
    {"will_payload", "What it tells"},
    {"will_qos", "0 (default), 1 or 2"},
    {"will_retain", "true: it is retained"}}},
  {"mqtt-egress",
   "Publishes each event at an MQTT broker; keeps it on disk while the broker "
   "is away.",
   "1.0",
   {},
   {{"url", "The broker, such as mqtt://localhost:1883 or mqtts://host"},
    {"topic", "The topic"},
    {"take-topic", "true: the first line of each event is its topic"},
    {"qos", "0, 1 (default) or 2"},
    {"retain", "true: the broker retains the last message"},
    {"version", "5 (default) or 3.1.1"},
    {"user", "The user"},
    {"password", "The password"},
    {"client_id", "Instead of one made of the component's and node's ids"},
    {"will_topic", "Where the broker tells that the connection is lost"},
    {"will_payload", "What it tells"},
    {"will_qos", "0 (default), 1 or 2"},
    {"will_retain", "true: it is retained"}}},
  {"kafka-ingress",
   "Casts the messages of a Kafka cluster, and commits what was handled.",
   "1.0",
   {"out"},
   {{"brokers", "Some brokers of the cluster, separated by commas"},
    {"topics", "The topics, separated by commas"},
    {"group", "The consumer group; default: one of the component"},
    {"from", "earliest (default) or latest: where a new group begins"},
    {"add-key", "true: the first line of each event is the key"}}},
  {"kafka-egress",
   "Produces a message of a Kafka cluster for each event.",
   "1.1",
   {},
   {{"brokers", "Some brokers of the cluster, separated by commas"},
    {"topic", "The topic"},
    {"take-key", "true: the first line of each event is the key"}}},
  {"dda",
   "Executes requests at the sidecar of a Data Distribution Agent, and passes "
   "on what that sends.",
   "1.1",
   {"out"},
   {{"dda_url", "The sidecar; default: that of the node"},
    {"dda_com_subscription_mapping", "JSON: which messages go where"},
    {"dda_com_publication_mapping", "JSON: which aliases stand for what"}}},
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
