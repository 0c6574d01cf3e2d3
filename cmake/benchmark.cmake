# The benchmark, with the functions it measures in the program as bytes.
add_executable(edgeless_benchmark
  tools/edgeless_benchmark.cpp
  tools/benchmark/calls.cpp
  tools/benchmark/casts.cpp
  tools/benchmark/floors.cpp
  tools/benchmark/loopback.cpp
  tools/benchmark/memory.cpp
  tools/benchmark/node.cpp
  tools/benchmark/peer.cpp
  tools/benchmark/placements.cpp
  tools/benchmark/report.cpp
  tools/benchmark/starts.cpp
  tools/benchmark/workflow_start.cpp)
foreach(name flow asker)
  set(source ${CMAKE_SOURCE_DIR}/tools/benchmark/guests/${name}.wat)
  set(module ${CMAKE_BINARY_DIR}/generated/benchmark/${name}.wasm)
  add_custom_command(
    OUTPUT ${module}.inc
    COMMAND ${CMAKE_COMMAND} -E make_directory
            ${CMAKE_BINARY_DIR}/generated/benchmark
    COMMAND ${WAT2WASM} --debug-names -o ${module} ${source}
    COMMAND ${CMAKE_COMMAND} -D INPUT=${module} -D OUTPUT=${module}.inc
            -P ${CMAKE_SOURCE_DIR}/cmake/bytes.cmake
    DEPENDS ${source} ${CMAKE_SOURCE_DIR}/cmake/bytes.cmake
    VERBATIM)
  target_sources(edgeless_benchmark PRIVATE ${module}.inc)
endforeach()
target_include_directories(edgeless_benchmark PRIVATE
                           ${CMAKE_BINARY_DIR}/generated)
target_link_libraries(edgeless_benchmark PRIVATE tools)
target_precompile_headers(edgeless_benchmark REUSE_FROM messages)
install(TARGETS edgeless_benchmark)

# That every row can be measured; speed is for people to judge.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_test(NAME benchmark COMMAND edgeless_benchmark report --quick)
  set_tests_properties(benchmark PROPERTIES LABELS benchmark TIMEOUT 300)
endif()
