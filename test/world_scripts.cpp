// SPDX-License-Identifier: MIT
#include "test/world.hpp"

#include "runtime/sha256.hpp"

namespace edgeless::test {

component_draft function(std::string name, std::string script,
                         std::map<std::string, std::string> outputs,
                         std::map<std::string, std::string> annotations) {
  component_draft x;
  x.name = std::move(name);
  x.class_id = script;
  x.function_type = "RUST_WASM";
  x.version = "0.1";
  x.code = sha256(script);
  x.output_mapping = std::move(outputs);
  x.settings = std::move(annotations);
  return x;
}

component_draft resource(std::string name, std::string class_type,
                         std::map<std::string, std::string> configuration) {
  component_draft x;
  x.name = std::move(name);
  x.kind = component_kind::resource;
  x.class_id = std::move(class_type);
  x.settings = std::move(configuration);
  return x;
}

node_description labelled(std::vector<std::string> labels) {
  node_description x;
  x.capabilities.labels = std::move(labels);
  return x;
}

node_description providing(std::string class_type) {
  node_description x;
  x.providers.push_back({class_type + "-1", class_type, {}});
  return x;
}

void world::write_scripts() {
  scripts["relay"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind != hook::cast)
      return {};
    note(host, "relay", " <- " + x.payload);
    if (x.payload == "die")
      return trap{"told to die"};
    host.cast("out", x.payload);
    return {};
  };
  scripts["sink"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      note(host, "sink", " <- " + x.payload);
    return x.payload == "die" ? step{trap{"told to die"}} : step{};
  };
  scripts["asker"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind != hook::cast)
      return {};
    return call_out{"out", x.payload, [&host, this](call_result y) -> step {
                      auto text = y.kind == event_kind::reply   ? y.payload
                                  : y.kind == event_kind::error ? "error"
                                                                : "nothing";
                      note(host, "asker", " = " + text);
                      return {};
                    }};
  };
  scripts["server"] = [](guest_host&, const guest_event& x) -> step {
    if (x.kind != hook::call)
      return {};
    if (x.payload == "die")
      return trap{"told to die"};
    if (x.payload == "none")
      return {};
    if (x.payload == "never")
      return call_out{"out", x.payload, [](call_result y) -> step {
                        return finish{std::move(y)};
                      }};
    return finish{{event_kind::reply, "re " + x.payload}};
  };
}

} // namespace edgeless::test
