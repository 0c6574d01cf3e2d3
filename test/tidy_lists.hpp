// SPDX-License-Identifier: MIT
// The data of tidy.cpp: tolerated exceptions and forbidden words.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// False: words are counted, but no violation fails the run.
constexpr bool words_are_enforced = true;

/// True: the READMEs of runtime/ and actors/ name every file of their folder,
/// and no other.
constexpr bool readmes_are_complete = false;

/// A violation that is known and has a reason. The list may only shrink: an
/// entry that matches nothing is a violation itself.
struct exception {
  std::string_view rule;
  std::string_view path; ///< a file, or a folder that ends with '/'
  std::string_view what; ///< the word or prefix; empty: whatever the rule says
  std::string_view reason;
  bool used = false;
};

inline std::vector<exception> exceptions{
  {"folder", "test/fixtures", "", "to be cut: the world may become a folder"},
  {"readme", "messages/README.md", "", "it has the glossary"},
  {"caf", "actors/threads.hpp", "", "actors on CAF's network thread"},
  {"idiom", "tools/program.cpp", "sleep_for", "the watchdog"},
  {"idiom", "tools/report/", "", "waits for what it measures"},
  {"idiom", "tools/loadgen/", "", "waits for arrivals and workflows"},
  {"keys", "tools/loadgen/", "", "rows of --events; what a collector writes"},
  {"keys", "tools/report/rows/migration.cpp", "", "reads the mirror as a user"},
  {"word", "runtime/net/basp/", "scribe", "a class of CAF"},
  {"word", "runtime/http/client.cpp", "nobody", "an option of libcurl"},
  {"word", "test/tidy_lists.hpp", "", "lists the words"},
  {"word", "CHANGELOG.md", "", "names what was renamed"},
  {"word", "docs/REPORT.md", "", "generated; follows the report's row names"},
};

/// Words of a private language, and the field's terms. A word is looked for in
/// lower case, as a whole word of prose or as a part of a snake_case name.
inline const std::map<std::string, std::string, std::less<>> words{
  {"abode", "placement"},
  {"anybody", "the component, peer or caller"},
  {"barrier", "channel marker"},
  {"barriers", "channel markers"},
  {"bequeath", "transfer"},
  {"bereave", "on_down"},
  {"bereaved", "on_down"},
  {"birth", "options, dependencies"},
  {"book", "table, registry"},
  {"buries", "reaps"},
  {"bury", "reap"},
  {"chance", "random source"},
  {"craft", "handler"},
  {"crowded", "too_many_connections"},
  {"deaf", "null"},
  {"deed", "action"},
  {"deeds", "actions"},
  {"displaced", "evicted"},
  {"exposure", "plaintext policy"},
  {"fate", "delivery statistics"},
  {"flights", "batches in flight"},
  {"foreign_name", "identity_mismatch"},
  {"foundling", "orphan"},
  {"foundlings", "orphans"},
  {"gate", "ingress"},
  {"gentle", "recoverable"},
  {"glass", "mirror"},
  {"guarded", "validated"},
  {"habits", "options"},
  {"harden", "disable_remote_spawn"},
  {"heir", "successor"},
  {"heirs", "successors"},
  {"homeless", "unplaced"},
  {"hood", "node context"},
  {"house", "project, code base"},
  {"hung_up", "handshake_aborted"},
  {"intake", "inbox"},
  {"judge", "classify"},
  {"judges", "classifies"},
  {"keeper", "supervisor, context"},
  {"knock", "notify"},
  {"laws", "rules, invariants"},
  {"lesson", "recovery"},
  {"letter_box", "forwarding stub"},
  {"lodge", "assign"},
  {"lone", "harness"},
  {"mark_of", "switch_id"},
  {"misfortune", "fault"},
  {"misfortunes", "faults"},
  {"mood", "mode"},
  {"moods", "modes"},
  {"neighbourhood", "instance registry"},
  {"nobody", "no component, peer or caller"},
  {"parcel", "fragment"},
  {"parcels", "fragments"},
  {"patience", "timeout"},
  {"patron", "controller link"},
  {"patrons", "controller links"},
  {"premature", "out_of_order"},
  {"proceed", "a message type per meaning"},
  {"rack", "pool"},
  {"residents", "instances by session"},
  {"retreat", "start_failed"},
  {"rouse", "wake up"},
  {"scribe", "connection"},
  {"seat", "host state"},
  {"seek", "request_placement"},
  {"settle", "place, conclude, run until idle"},
  {"shelf", "cache, buffer"},
  {"sleeper", "frozen candidate"},
  {"somebody", "a component, peer or caller"},
  {"sparing", "with_backoff"},
  {"stand_beside", "keep_parallel_connection"},
  {"stream_memory", "dedup window"},
  {"surrender", "discard"},
  {"swells", "expands_too_much"},
  {"take_news", "drain_acks"},
  {"tape", "event log"},
  {"tenant", "instance entry"},
  {"tenants", "instance entries"},
  {"turn_to", "activate_route"},
  {"unconfirmed", "retransmit buffer, unacknowledged"},
  {"unlodge", "unassign"},
  {"unruly", "protocol_violation"},
  {"vow", "promise"},
  {"vows", "at-least-once workload"},
  {"ward", "component entry"},
  {"wards", "component entries"},
  {"whoever", "the component, peer or caller that"},
  {"whom", "name the receiver"},
  {"witness", "recorder"},
};

/// Names of the field that contain a forbidden word.
inline const std::set<std::string, std::less<>> field_names{"fd_seek"};

/// Names in capitals that actors do not have any more.
inline const std::map<std::string, std::string, std::less<>> capitals{
  {"GATE", "INGRESS"},
  {"LINKS", "EGRESS"},
  {"PATRON", "CONTROLLER LINK"},
  {"LIBRARY", "MODULE SOURCE"},
};
