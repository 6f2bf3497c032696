# synthserve_generate(OUT_SOURCES FOLDER NAME [GRPC])
#
# Has `NAME.proto` below FOLDER turned into C++ in `${SYNTHSERVE_GENERATED_DIR}` when the project is built, and appends
# the sources to the variable OUT_SOURCES. With GRPC, the stubs of its services too.
function(synthserve_generate out_sources folder name)
  cmake_parse_arguments(arg "GRPC" "" "" ${ARGN})
  set(base "${SYNTHSERVE_GENERATED_DIR}/${name}")
  set(outputs "${base}.pb.cc" "${base}.pb.h")
  set(options "--cpp_out=${SYNTHSERVE_GENERATED_DIR}")
  if(arg_GRPC)
    list(APPEND outputs "${base}.grpc.pb.cc" "${base}.grpc.pb.h")
    list(APPEND options "--grpc_out=${SYNTHSERVE_GENERATED_DIR}"
         "--plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>")
  endif()
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND protobuf::protoc "--proto_path=${folder}" ${options} "${folder}/${name}.proto"
    DEPENDS "${folder}/${name}.proto"
    COMMENT "Generating C++ from ${name}.proto"
    VERBATIM)
  set(${out_sources} ${${out_sources}} ${outputs} PARENT_SCOPE)
endfunction()
