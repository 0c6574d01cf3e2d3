# The files of conf/ in the program, as lists of bytes to include: what the
# option --template writes is what one reads there.
foreach(name controller orchestrator node cli)
  set(text ${CMAKE_SOURCE_DIR}/conf/${name}.toml)
  set(list ${CMAKE_BINARY_DIR}/generated/conf/${name}.toml.inc)
  add_custom_command(
    OUTPUT ${list}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated/conf
    COMMAND ${CMAKE_COMMAND} -D INPUT=${text} -D OUTPUT=${list}
            -P ${CMAKE_SOURCE_DIR}/cmake/bytes.cmake
    DEPENDS ${text} ${CMAKE_SOURCE_DIR}/cmake/bytes.cmake
    VERBATIM)
  target_sources(runtime PRIVATE ${list})
endforeach()
