# edgeless_driver(NAME SOURCES... LIBRARIES...): a shared library beside the
# programs that they load on demand; see runtime/drivers/README.md. It links
# nothing of ours: it has the headers of the interface only.
function(edgeless_driver name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(edgeless_${name} MODULE ${arg_SOURCES})
  target_include_directories(edgeless_${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(edgeless_${name} PRIVATE ${arg_LIBRARIES})
  set_target_properties(edgeless_${name} PROPERTIES
    CXX_VISIBILITY_PRESET hidden
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
  install(TARGETS edgeless_${name}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/edgeless)
endfunction()
