# `cmake --install` and, for a package, `cpack`.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/synthserve")
install(TARGETS synthserve_client EXPORT synthserveTargets)
install(DIRECTORY include/synthserve DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY "${SYNTHSERVE_GENERATED_DIR}/synthserve/v1" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/synthserve"
        FILES_MATCHING PATTERN "*.h")
install(EXPORT synthserveTargets NAMESPACE synthserve:: DESTINATION "${package_dir}")
configure_package_config_file(cmake/synthserveConfig.cmake.in synthserveConfig.cmake
                              INSTALL_DESTINATION "${package_dir}")
# Before 1.0 every minor version may change the interface.
write_basic_package_version_file(synthserveConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/synthserveConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/synthserveConfigVersion.cmake"
        DESTINATION "${package_dir}")
install(FILES ../../LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/libsynthserve-dev" RENAME copyright)

if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_GENERATOR "DEB;TGZ")
  set(CPACK_PACKAGE_NAME libsynthserve-dev)
  set(CPACK_PACKAGE_VENDOR "The synthserve authors")
  set(CPACK_PACKAGE_CONTACT "The synthserve authors")
  set(CPACK_RESOURCE_FILE_LICENSE "${CMAKE_CURRENT_SOURCE_DIR}/../../LICENSE")
  set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS "libgrpc++-dev, libprotobuf-dev, libssl-dev")
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  include(CPack)
endif()
