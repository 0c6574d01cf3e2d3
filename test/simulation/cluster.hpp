// SPDX-License-Identifier: MIT
#pragma once

#include "test/fixtures/memory_redis.hpp"
#include "test/fixtures/memory_store.hpp"
#include "test/fixtures/world.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace edgeless::test {

/// How a simulation is run.
struct simulation_options {
  std::uint64_t seed = 1;
  std::uint64_t runs = 1000;
  int faults = 30;
  /// Every misfortune is told.
  bool verbose = false;
};

/// One cluster, its clients and their misfortunes, all drawn from one seed.
///
/// Gentle seeds know moves, crashes of guests, slow and broken connections:
/// nothing of what chains say may be lost, doubled or overtaken. Rough ones
/// know everything else, too.
class cluster : public world {
public:
  cluster(const simulation_options& how, std::uint64_t seed);

  void fault_injection();
  /// Everything is mended, back-offs and timeout run out; then one more
  /// fault, and two periods.
  void last_fault();
  void check_laws();

private:
  cluster(const simulation_options& how, std::uint64_t seed,
          std::shared_ptr<memory_store> disk,
          std::shared_ptr<memory_database> mirror);

  /// A function that shall run.
  struct known {
    std::string name;
    logical_id id;
  };

  /// What a client wants, and repeats until it is told that it has it.
  struct order {
    workflow_id id;
    component_draft function;
    bool stopping = false;
  };

  struct place {
    std::string node;
    physical_id instance;
  };

  // -- what runs: cluster.cpp -------------------------------------------------
  void start_functions();
  std::vector<known> start_known(std::vector<component_draft> components);
  void start_numbers();
  void start_vows();
  std::string mark(guest_host& host);
  void check_mark(guest_host& host, const std::string& payload);

  // -- misfortunes: misfortunes.cpp -------------------------------------------
  void tell(const std::string& what) const;
  std::string any_node();
  std::string any_peer();
  const known& any_function();
  std::optional<place> find(const logical_id& id) const;
  void whisper(const logical_id& id, const std::string& payload,
               std::uint64_t times = 1);
  void slip(const known& x, const std::string& payload, int times);
  void mutter();
  void depart(const known& x);
  void grow();
  void kill_one();
  void again();
  void cut_one();
  void cut_pair();
  void cut_one_way();
  void mend_one();
  void break_one();
  void slow_down();
  void move_one();
  void move_numbers();
  void crash_one();
  void crash_listener();
  void talk();
  void fill_disk();
  void lose_mirror();
  void restart_brain();
  void restart_controller();

  // -- clients: orders.cpp ----------------------------------------------------
  void order_one();
  void cancel_one();
  void insist();

  // -- laws: laws.cpp ---------------------------------------------------------
  void check_orders();
  void check_homes();
  void check_home(const component_status& x, const std::string& label);
  void check_ping();
  void check_order_of_numbers() const;
  void check_vows();
  void check_ledger();
  void check_mirror(const component_status& x) const;
  bool has_label(const std::string& label);

  const simulation_options& how_;
  std::shared_ptr<memory_store> disk_;
  std::shared_ptr<memory_database> mirror_;
  bool gentle_;
  bool at_least_once_; ///< a channel delivers at least once, and is spoken to
  bool frail_;         ///< its ends crash, too
  bool patient_;
  std::vector<known> functions_;
  std::vector<known> numbers_; ///< left in peace, but for moves
  std::vector<known> vows_;    ///< who promises, and who listens
  std::vector<order> orders_;
  int born_ = 0;
  int lives_ = 0; ///< of the orchestrator

  // -- what guests have said and heard, outside of the runtime ----------------
  bool torn_ = false; ///< a node has lost its orchestrator
  std::uint64_t said_ = 0;
  std::set<std::uint64_t> heard_;
  std::uint64_t heard_twice_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t overtaken_ = 0;
  std::uint64_t fenced_heard_ = 0;
  std::map<physical_id, std::set<std::uint64_t>>
    at_least_once_sent_; ///< by the living
  std::uint64_t promised_ = 0;
  std::set<std::uint64_t> kept_;
  std::uint64_t repeated_ = 0; ///< what had been heard before
};

} // namespace edgeless::test
