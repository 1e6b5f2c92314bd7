# The Debian package: what is installed where, and the package's own facts. deploy/package builds it.
# Paths outside /usr are absolute: systemd and dpkg look for them there and nowhere else.

set(man_pages)
foreach(page tocsin.1 tocsin.yaml.5 tocsin-rules.5)
  string(REGEX MATCH "[15]$" section ${page})
  set(rendered ${CMAKE_BINARY_DIR}/man/${page})
  file(GLOB shown CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/config/tocsin.yaml ${CMAKE_SOURCE_DIR}/rules/*.yaml
       ${CMAKE_SOURCE_DIR}/rules/tests/how-to.yaml)
  add_custom_command(
    OUTPUT ${rendered}.gz
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/man
    COMMAND ${CMAKE_SOURCE_DIR}/man/render ${CMAKE_SOURCE_DIR}/man/${page}.in $<TARGET_FILE:tocsin> > ${rendered}
    COMMAND gzip -9nkf ${rendered}
    DEPENDS tocsin ${CMAKE_SOURCE_DIR}/man/render ${CMAKE_SOURCE_DIR}/man/${page}.in ${shown}
    VERBATIM)
  list(APPEND man_pages ${rendered}.gz)
  install(FILES ${rendered}.gz DESTINATION share/man/man${section})
endforeach()
add_custom_target(man ALL DEPENDS ${man_pages})

install(TARGETS tocsin RUNTIME DESTINATION bin)
install(FILES systemd/tocsin.service systemd/tocsin.socket DESTINATION /lib/systemd/system)
install(FILES systemd/tocsin.sysusers DESTINATION lib/sysusers.d RENAME tocsin.conf)
install(FILES completion/tocsin.bash DESTINATION share/bash-completion/completions RENAME tocsin)
install(FILES completion/tocsin.zsh DESTINATION share/zsh/vendor-completions RENAME _tocsin)
install(FILES completion/tocsin.fish DESTINATION share/fish/vendor_completions.d)
install(FILES README.md DESTINATION share/doc/tocsin)
install(FILES deploy/debian/copyright DESTINATION share/doc/tocsin)

# What people edit: dpkg asks before it replaces any of it, and these are all there is in /etc/tocsin.
file(GLOB shipped_config CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
     ${CMAKE_SOURCE_DIR}/config/*.yaml ${CMAKE_SOURCE_DIR}/rules/*.yaml ${CMAKE_SOURCE_DIR}/rules/*/*.yaml)
set(conffiles "")
foreach(file ${shipped_config})
  get_filename_component(folder ${file} DIRECTORY)
  # The same store for the service and for whoever types `tocsin backup` in any folder.
  file(READ ${CMAKE_SOURCE_DIR}/${file} text)
  string(REPLACE "path: var   " "path: /var/lib/tocsin/var" text "${text}")
  set(packaged ${CMAKE_BINARY_DIR}/debian/etc/${file})
  file(CONFIGURE OUTPUT ${packaged} CONTENT "${text}" @ONLY NEWLINE_STYLE UNIX)
  install(FILES ${packaged} DESTINATION /etc/tocsin/${folder})
  string(APPEND conffiles "/etc/tocsin/${file}\n")
endforeach()
file(WRITE ${CMAKE_BINARY_DIR}/debian/conffiles "${conffiles}")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tocsin)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "Tocsin <tocsin@example.net>")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "alert triage and paging
Tocsin turns the alert noise of monitoring systems into a few incidents,
pages channel after channel until somebody answers, and tells everybody it
paged when the trouble is over. A Prometheus can use it in place of an
Alertmanager. One binary, rules in files, an embedded store.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/deploy/debian/prerm
    ${CMAKE_SOURCE_DIR}/deploy/debian/postrm ${CMAKE_BINARY_DIR}/debian/conffiles)

# Debian wants a changelog; its date is that of the sources, so that a build can be repeated.
set(CPACK_DEBIAN_PACKAGE_FULL_VERSION ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} log -1 --format=%cD OUTPUT_VARIABLE TOCSIN_CHANGELOG_DATE
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT TOCSIN_CHANGELOG_DATE)
  set(TOCSIN_CHANGELOG_DATE "Thu, 01 Jan 1970 00:00:00 +0000")
endif()
configure_file(deploy/debian/changelog.in ${CMAKE_BINARY_DIR}/debian/changelog.Debian @ONLY)
execute_process(COMMAND gzip -9nkf ${CMAKE_BINARY_DIR}/debian/changelog.Debian)
install(FILES ${CMAKE_BINARY_DIR}/debian/changelog.Debian.gz DESTINATION share/doc/tocsin)

include(CPack)
