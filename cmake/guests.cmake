# WebAssembly modules made at build time: those of runtime/wasm/wat/ as bytes to
# include, and test guests as files.

# wat_bytes(NAME): runtime/wasm/wat/NAME.wat as runtime/NAME.wasm.inc, a list of
# bytes to include; adds it to OUTPUT.
function(wat_bytes name output)
  set(source ${CMAKE_SOURCE_DIR}/runtime/wasm/wat/${name}.wat)
  set(module ${CMAKE_BINARY_DIR}/generated/runtime/${name}.wasm)
  add_custom_command(
    OUTPUT ${module}.inc
    COMMAND ${CMAKE_COMMAND} -E make_directory
            ${CMAKE_BINARY_DIR}/generated/runtime
    COMMAND ${WAT2WASM} --debug-names -o ${module} ${source}
    COMMAND ${CMAKE_COMMAND} -D INPUT=${module} -D OUTPUT=${module}.inc
            -P ${CMAKE_SOURCE_DIR}/cmake/bytes.cmake
    DEPENDS ${source} ${CMAKE_SOURCE_DIR}/cmake/bytes.cmake
    VERBATIM)
  set(${output} ${${output}} ${module}.inc PARENT_SCOPE)
endfunction()

# guest_module(SOURCE): compiles SOURCE (.wat, .c, or .cpp with the SDK and the
# flags of `function build`) to a module in GUESTS_DIR; adds it to OUTPUT.
set(GUESTS_DIR ${CMAKE_BINARY_DIR}/guests)
function(guest_module source output)
  get_filename_component(name ${source} NAME_WE)
  get_filename_component(folder ${source} DIRECTORY)
  set(module ${GUESTS_DIR}/${name}.wasm)
  if(source MATCHES "\\.wat$")
    set(command ${WAT2WASM} --debug-names -o ${module} ${source})
  elseif(source MATCHES "\\.cpp$")
    set(command ${CLANGXX} --target=wasm32 -std=c++20 -O3 -funroll-loops
        -msimd128 -mbulk-memory -mnontrapping-fptoint -msign-ext -nostdlib
        -fno-exceptions -fno-rtti -ffreestanding -fno-math-errno -Wall -Wextra
        -I ${CMAKE_SOURCE_DIR}/functions/sdk -I ${CMAKE_SOURCE_DIR}
        -Wl,--no-entry -Wl,--strip-all -o ${module} ${source})
    file(GLOB_RECURSE used CONFIGURE_DEPENDS
         ${CMAKE_SOURCE_DIR}/functions/*.[ch]pp)
  else()
    set(command ${CLANG} --target=wasm32 -O2 -nostdlib -Wall -Wextra
        -Wl,--no-entry -Wl,-z,stack-size=8192 -Wl,--export-dynamic
        -o ${module} ${source})
  endif()
  file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.h)
  add_custom_command(
    OUTPUT ${module}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${GUESTS_DIR}
    COMMAND ${command}
    DEPENDS ${source} ${headers} ${used}
    VERBATIM)
  set(${output} ${${output}} ${module} PARENT_SCOPE)
endfunction()
