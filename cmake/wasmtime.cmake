# The WebAssembly engine as target `wasmtime`: the official C API where
# WASMTIME_ROOT says so, else built once per machine by cargo from the sources
# that runtime/wasm/wasmtime/Cargo.lock pins, into a cache keyed by that file. Both
# have the same layout: include/ and lib/libwasmtime.a.

if(DEFINED ENV{WASMTIME_ROOT} AND NOT WASMTIME_ROOT)
  set(WASMTIME_ROOT $ENV{WASMTIME_ROOT})
endif()

if(NOT WASMTIME_ROOT)
  set(crate ${CMAKE_SOURCE_DIR}/runtime/wasm/wasmtime)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
               ${crate}/Cargo.lock)
  file(SHA256 ${crate}/Cargo.lock key)
  string(SUBSTRING ${key} 0 16 key)
  if(DEFINED ENV{XDG_CACHE_HOME})
    set(cache $ENV{XDG_CACHE_HOME}/edgeless)
  else()
    set(cache $ENV{HOME}/.cache/edgeless)
  endif()
  set(WASMTIME_ROOT ${cache}/wasmtime-${key})
  if(NOT EXISTS ${WASMTIME_ROOT}/lib/libwasmtime.a)
    find_program(CARGO cargo REQUIRED)
    message(STATUS "Building the WebAssembly engine: once, 4 to 12 minutes")
    set(target ${WASMTIME_ROOT}.build)
    execute_process(
      COMMAND ${CARGO} build --release --locked --quiet --target-dir ${target}
      WORKING_DIRECTORY ${crate} COMMAND_ERROR_IS_FATAL ANY)
    file(REAL_PATH ${target}/include headers)
    file(COPY ${headers}/ DESTINATION ${WASMTIME_ROOT}/include)
    # The library comes last, under its name at once: it says "complete".
    file(MAKE_DIRECTORY ${WASMTIME_ROOT}/lib)
    file(RENAME ${target}/release/libwasmtime.a
                ${WASMTIME_ROOT}/lib/libwasmtime.a)
    file(REMOVE_RECURSE ${target})
  endif()
endif()

foreach(file include/wasmtime.h lib/libwasmtime.a)
  if(NOT EXISTS ${WASMTIME_ROOT}/${file})
    message(FATAL_ERROR "no WebAssembly engine: ${WASMTIME_ROOT}/${file} is "
                        "missing; point WASMTIME_ROOT at one, or remove the "
                        "folder to have it built again")
  endif()
endforeach()

add_library(wasmtime INTERFACE)
target_include_directories(wasmtime SYSTEM INTERFACE ${WASMTIME_ROOT}/include)
target_link_libraries(wasmtime INTERFACE ${WASMTIME_ROOT}/lib/libwasmtime.a
                                         pthread dl m)
