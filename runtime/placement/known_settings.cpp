// SPDX-License-Identifier: MIT
#include "runtime/placement/known_settings.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/placement/annotations.hpp"

#include <algorithm>

namespace edgeless {

namespace {

using words = std::vector<std::string>;

/// The deployment requirements of functions and resources.
const words requirement_keys{"node_id_match_any", "label_match_all",
                             "resource_match_all", "tee", "tpm"};

const words annotation_keys{
  "init-payload",       "max_instances", "state_policy",     "isolation",
  "hibernate_after_ms", "checkpoint_ms", "memory_limit_mib", "timeout_ms",
  "call_timeout_ms",    "http.body"};

/// Annotations whose rest is the name of an output channel.
const words annotation_prefixes{"on_full.", "delivery."};

/// The configurations of a class of resources.
struct class_keys {
  std::string_view name;
  words required;
  words optional;
};

const std::vector<class_keys> resource_classes{
  {"file-log", {"filename"}, {"add-timestamp", "add-source-id"}},
  {"redis", {"url"}, {"key", "add-workflow-id"}},
  {"metrics-collector", {}, {"wf_name", "alpha", "journal"}},
  {"http-ingress",
   {},
   {"host", "method", "methods", "wf_id", "async", "encode_base64",
    "http.body"}},
  {"http-egress", {}, {"allow"}},
  {"http-poster", {"url"}, {"allow", "decode_base64"}},
  {"mqtt-ingress",
   {"url", "topics"},
   {"qos", "version", "user", "password", "client_id", "session_secs",
    "add-topic", "will_topic", "will_payload", "will_qos", "will_retain"}},
  {"mqtt-egress",
   {"url"},
   {"topic", "take-topic", "qos", "retain", "version", "user", "password",
    "client_id", "will_topic", "will_payload", "will_qos", "will_retain"}},
  {"kafka-ingress", {"brokers", "topics"}, {"group", "add-key", "from"}},
  {"kafka-egress", {"brokers", "topic"}, {"take-key"}},
  {"dda",
   {"dda_com_subscription_mapping", "dda_com_publication_mapping"},
   {"dda_url"}},
  {"cron", {}, {"schedule", "timezone", "every", "missed", "payload"}},
  {"file-pusher", {}, {"period-ms", "encode-base64"}},
  {"ollama", {"model"}, {"stream"}},
  {"sqlx", {"url"}, {"timeout-ms"}},
};

const class_keys* class_of(const component_draft& draft) {
  auto i
    = std::ranges::find(resource_classes, draft.class_id, &class_keys::name);
  auto known
    = draft.kind == component_kind::resource && i != resource_classes.end();
  return known ? &*i : nullptr;
}

void append(words& to, const words& more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// The keys that are read of a component; empty: unknown.
words known_keys(const component_draft& draft) {
  words result;
  if (draft.kind == component_kind::function) {
    result = annotation_keys;
  } else if (auto* known = class_of(draft)) {
    result = known->required;
    append(result, known->optional);
  } else {
    return {};
  }
  append(result, requirement_keys);
  return result;
}

/// As many as it asks for.
std::uint64_t instances_of(const component_draft& draft) {
  auto i = draft.settings.find("max_instances");
  return i == draft.settings.end() ? 0 : parse_number(i->second).value_or(0);
}

bool has_known_prefix(std::string_view key) {
  return key.starts_with("x-")
         || std::ranges::any_of(annotation_prefixes, [&](auto& prefix) {
              return key.starts_with(prefix);
            });
}

} // namespace

std::vector<std::string> unknown_settings(const workflow_spec& spec) {
  std::vector<std::string> result;
  auto add
    = [&](const std::string& what, const std::string& key, const words& known) {
        auto meant = nearest(key, known);
        result.push_back(what + " \"" + printable(key)
                         + "\" is unknown and has no " + "effect; "
                         + (meant.empty() ? "begin it with x- if it is your own"
                                          : "did you mean " + meant + "?"));
      };
  for (auto& draft : spec.components) {
    if (draft.kind == component_kind::function && instances_of(draft) > 1)
      result.push_back(draft.name
                       + ": annotation \"max_instances\" has no "
                         "effect: there is one instance");
    auto known = known_keys(draft);
    auto what = draft.name
                + (draft.kind == component_kind::function ? ": annotation"
                                                          : ": configuration");
    if (!known.empty())
      for (auto& [key, value] : draft.settings)
        if (std::ranges::count(known, key) == 0 && !has_known_prefix(key))
          add(what, key, known);
  }
  for (auto& [key, value] : spec.annotations)
    if (!key.starts_with("x-"))
      add("annotation of the workflow", key, {});
  return result;
}

std::vector<std::string> missing_settings(const component_draft& draft) {
  std::vector<std::string> result;
  auto* known = class_of(draft);
  if (known == nullptr)
    return result;
  for (auto& key : known->required)
    if (auto i = draft.settings.find(key);
        i == draft.settings.end() || i->second.empty())
      result.push_back("configuration " + key + " is missing: resources of "
                       + "class " + draft.class_id + " need it");
  return result;
}

} // namespace edgeless
