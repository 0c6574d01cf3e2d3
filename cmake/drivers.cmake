# edgeless_driver(NAME SOURCES... LIBRARIES...): a shared library beside the
# programs that they load on demand; see runtime/drivers/README.md. It links
# nothing of ours: it has the headers of the interface only. LIBRARIES are the
# variables in which find_library() put them: a driver is left out if one of
# them was not found.
function(edgeless_driver name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  set(libraries "")
  foreach(variable ${arg_LIBRARIES})
    if(NOT ${variable})
      message(STATUS "Without the driver ${name}: ${variable} was not found; "
                     "scripts/setup.sh installs it")
      return()
    endif()
    list(APPEND libraries ${${variable}})
  endforeach()
  add_library(edgeless_${name} MODULE ${arg_SOURCES})
  target_include_directories(edgeless_${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(edgeless_${name} PRIVATE ${libraries} Threads::Threads)
  set_target_properties(edgeless_${name} PROPERTIES
    CXX_VISIBILITY_PRESET hidden
    UNITY_BUILD OFF
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
  install(TARGETS edgeless_${name}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/edgeless)
  set_property(GLOBAL APPEND PROPERTY EDGELESS_DRIVERS edgeless_${name})
endfunction()
